// What a host accepts of its peers, what it refuses and counts, and how two hosts find together when one has lost its memory.
import { describe, expect, test } from 'vitest';
import { seal } from '#runtime/host/envelopes.ts';
import { MemoryDisk } from '#runtime/store/memory-store.ts';
import type { Code } from '#schemas/wire/codes.ts';
import type { EnvelopeItem } from '#schemas/wire/envelope.ts';
import { encodeEnvelope, envelopeBytes, envelopeSignBytes } from '#schemas/wire/envelope-codec.ts';
import { ENVELOPE_EXPIRY_MS, MAX_EXPIRY_AHEAD_MS, MAX_INGRESS_BYTES, MAX_MESSAGE_BYTES } from '#schemas/wire/limits.ts';
import { subject } from '#schemas/wire/subjects.ts';
import { CHAIN, Outsider, signerOf, type TestNode, World } from './world.ts';

const [a, b] = [signerOf('a'), signerOf('b')];
const hello = { do: 'note', text: 'hello' };

async function setUp() {
  const world = new World();
  return { world, node: await world.node({ actors: [a] }), peer: new Outsider(world, 'peer') };
}
const counted = (node: TestNode, peer: Outsider, code: Code): number =>
  node.host.refusals().find((refusal) => refusal.peer === peer.signer.id && refusal.code === code)?.count ?? 0;

/** Bytes of an envelope with some of its fields as no honest sender writes them. */
function odd(
  world: World,
  peer: Outsider,
  items: readonly EnvelopeItem[],
  fields: { network?: string; expiry_ms?: number; sender?: string },
): Uint8Array {
  const expiry_ms = world.clock.now_ms() + ENVELOPE_EXPIRY_MS;
  const bytes = envelopeBytes({ v: 1, network: CHAIN, sender: peer.signer.id, expiry_ms, trace: '', items, ...fields });
  return encodeEnvelope(bytes, peer.signer.sign(envelopeSignBytes(bytes)));
}

type Bad = (world: World, peer: Outsider) => Uint8Array;
const BAD: readonly (readonly [name: string, code: Code, make: Bad])[] = [
  ['above the size limit', 'MESSAGE_TOO_LARGE', () => new Uint8Array(MAX_MESSAGE_BYTES + 1)],
  ['of random bytes', 'ENVELOPE_MALFORMED', () => Uint8Array.from({ length: 200 }, (_, n) => (n * 37) & 255)],
  [
    'of another network',
    'NETWORK_MISMATCH',
    (world, peer) => odd(world, peer, [peer.item(a, hello)], { network: 'd'.repeat(64) }),
  ],
  [
    'that names another sender than its subject',
    'SENDER_MISMATCH',
    (world, peer) => odd(world, peer, [peer.item(a, hello)], { sender: b.id }),
  ],
  [
    'past its expiry',
    'MESSAGE_EXPIRED',
    (world, peer) => odd(world, peer, [peer.item(a, hello)], { expiry_ms: world.clock.now_ms() - 60_000 }),
  ],
  [
    'that would never expire',
    'EXPIRY_TOO_FAR',
    (world, peer) =>
      odd(world, peer, [peer.item(a, hello)], { expiry_ms: world.clock.now_ms() + 2 * MAX_EXPIRY_AHEAD_MS }),
  ],
  [
    'signed by another key',
    'SIGNATURE_INVALID',
    (world, peer) =>
      seal({ chain: CHAIN, id: peer.signer.id, sign: b.sign }, world.clock.now_ms(), '', [peer.item(a, hello)]),
  ],
  [
    'changed on the way',
    'SIGNATURE_INVALID',
    (_world, peer) =>
      peer.envelope([peer.item(a, hello)]).map((byte, n, all) => (n === all.length - 1 ? byte ^ 1 : byte)),
  ],
  ['for another receiver', 'RECEIVER_UNKNOWN', (_world, peer) => peer.envelope([{ ...peer.item(b, hello) }])],
  ['of an unknown kind', 'KIND_UNKNOWN', (_world, peer) => peer.envelope([peer.item(a, hello, 'test.unknown.v1')])],
  [
    'with a body that is not MessagePack',
    'BODY_MALFORMED',
    (_world, peer) => peer.envelope([{ ...peer.item(a, hello), body: Uint8Array.of(0xc1) }]),
  ],
  ['with an unknown field', 'SCHEMA_MISMATCH', (_world, peer) => peer.envelope([peer.item(a, { ...hello, extra: 1 })])],
  ['with a missing field', 'SCHEMA_MISMATCH', (_world, peer) => peer.envelope([peer.item(a, { do: 'note' })])],
  ['after a gap', 'COUNTER_GAP', (_world, peer) => peer.envelope([{ ...peer.item(a, hello), counter: 7 }])],
  ['without a counter', 'COUNTER_REPLAYED', (_world, peer) => peer.envelope([{ ...peer.item(a, hello), counter: 0 }])],
];

test.each(BAD)('a message %s is refused as %s, and the actor hears nothing of it', async (_name, code, make) => {
  const { world, node, peer } = await setUp();
  peer.send(a, make(world, peer));
  await world.until(() => counted(node, peer, code) === 1);
  new Outsider(world, 'other').order(a, { do: 'note', text: 'undisturbed' });
  await world.until(async () => (await node.data(a)).heard.includes('undisturbed'));
  expect((await node.data(a)).heard).toEqual(['started', 'undisturbed']);
});

test('a replayed message is refused, and the sender is told again how far the receiver is', async () => {
  const { world, node, peer } = await setUp();
  const data = peer.envelope([peer.item(a, hello)]);
  peer.send(a, data);
  await world.until(async () => (await node.data(a)).heard.includes('hello'));
  await world.pass(1_000);
  let told = 0;
  world.broker.connect(peer.signer.id).subscribe(subject.acknowledgements(peer.signer.id), () => told++);
  peer.send(a, data);
  await world.until(() => counted(node, peer, 'COUNTER_REPLAYED') === 1 && told === 1);
  expect((await node.data(a)).heard).toEqual(['started', 'hello']);
});

test('a refused body does not block what comes behind it', async () => {
  const { world, node, peer } = await setUp();
  peer.order(a, { do: 'unheard of' }, { do: 'note', text: 'behind' });
  await world.until(async () => (await node.data(a)).heard.includes('behind'));
  expect((await node.data(a)).heard).toEqual(['started', 'behind']);
});

test('only the receiver itself can acknowledge: a forged acknowledgement deletes nothing', async () => {
  const { world, node, peer } = await setUp();
  // b is not there: what a sends to it stays in the outbox.
  peer.order(a, { do: 'mint', amount: 1, hops: 1, count: 1, path: [b.id, b.id] });
  await world.until(async () => (await node.host.inspect(a.id)).outbox.length === 1);
  const forged = new Outsider(world, 'forger');
  const ack: EnvelopeItem = {
    ...forged.item(a, { watermark: 2 ** 52, life_ms: world.clock.now_ms(), is_busy: false }, 'host.ack.v1'),
    counter: 0,
  };
  forged.send(a, forged.envelope([ack]));
  await world.pass(1_000);
  expect((await node.host.inspect(a.id)).outbox).toEqual([{ to: b.id, count: 1 }]);
});

test('an actor that is away hears everything, in order, when it comes', async () => {
  const world = new World();
  const node = await world.node({ actors: [a] });
  new Outsider(world, 'peer').order(a, { do: 'mint', amount: 1, hops: 0, count: 3_000, path: [b.id] });
  await world.until(async () => (await node.host.inspect(a.id)).outbox[0]?.count === 3_000);
  await world.pass(120_000);
  const late = await world.node({ actors: [b] });
  await world.until(async () => (await late.data(b)).received_count === 3_000);
  await world.until(async () => (await node.host.inspect(a.id)).outbox.length === 0);
  expect([...node.disk.rows.keys()].filter((key) => key.startsWith('outbox/')).length).toBeLessThan(10);
});

test('the trace of a cause is carried to what it causes', async () => {
  const world = new World();
  await world.node({ actors: [a] });
  const peer = new Outsider(world, 'peer');
  const trace = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`;
  const seen: string[] = [];
  world.broker
    .connect(b.id)
    .subscribe(subject.mailboxOf(b.id), ({ data }) => seen.push(Buffer.from(data).toString('latin1')));
  peer.send(a, peer.envelope([peer.item(a, { do: 'mint', amount: 1, hops: 0, count: 1, path: [b.id] })], trace));
  await world.until(() => seen.length > 0);
  expect(seen.every((text) => text.includes(trace))).toBe(true);
});

test('mail above the bound is dropped and counted, and what its sender repeats is heard', async () => {
  const world = new World();
  const node = await world.node({ actors: [a] });
  const peer = new Outsider(world, 'peer');
  const size_bytes = 500_000;
  const count = Math.ceil(MAX_INGRESS_BYTES / size_bytes) + 5;
  const envelopes = Array.from({ length: count }, () =>
    peer.envelope([peer.item(a, { do: 'nothing', padding: new Uint8Array(size_bytes) })]),
  );
  const last = peer.envelope([peer.item(a, { do: 'note', text: 'last' })]);
  for (const data of envelopes) peer.send(a, data);
  await world.until(() => counted(node, peer, 'HOST_BUSY') > 0);
  for (const data of [...envelopes.slice(-6), last]) peer.send(a, data);
  await world.until(async () => (await node.data(a)).heard.includes('last'));
  expect((await node.data(a)).heard).toEqual(['started', 'last']);
});

describe('a host that has lost its memory', () => {
  const mint = (world: World, name: string, count: number) =>
    new Outsider(world, name).order(a, { do: 'mint', amount: 1, hops: 0, count, path: [b.id] });

  test('as a receiver, wiped, hears what is sent from then on', async () => {
    const world = new World();
    await world.node({ actors: [a] });
    const first = await world.node({ actors: [b] });
    mint(world, 'one', 50);
    await world.until(async () => (await first.data(b)).received_count === 50);
    await first.kill();
    mint(world, 'two', 20);
    world.clock.advance(1_000);
    const wiped = await world.node({ actors: [b], disk: new MemoryDisk() });
    await world.until(async () => (await wiped.data(b)).received_count >= 20);
    mint(world, 'three', 30);
    await world.until(async () => (await wiped.data(b)).received_count >= 50);
    expect((await wiped.data(b)).received_count).toBe(50);
  });

  test('as a receiver, rolled back to a backup, hears what is sent from then on', async () => {
    const world = new World();
    await world.node({ actors: [a] });
    const first = await world.node({ actors: [b] });
    mint(world, 'one', 50);
    await world.until(async () => (await first.data(b)).received_count === 50);
    const backup = first.disk.copy();
    mint(world, 'two', 50);
    await world.until(async () => (await first.data(b)).received_count === 100);
    await world.pass(1_000);
    await first.kill();
    const rolledBack = await world.node({ actors: [b], disk: backup });
    mint(world, 'three', 30);
    // What it heard after the backup is gone with its state, unless the broker still holds it.
    await world.until(async () => (await rolledBack.data(b)).received_count >= 80);
    await world.pass(10_000);
    expect([80, 130]).toContain((await rolledBack.data(b)).received_count);
  });

  test('as a sender, wiped, is heard from then on', async () => {
    const world = new World();
    const first = await world.node({ actors: [a] });
    const receiver = await world.node({ actors: [b] });
    mint(world, 'one', 50);
    await world.until(async () => (await receiver.data(b)).received_count === 50);
    await first.kill();
    world.clock.advance(60_000);
    // Else it would hear again what the broker still holds for it: it cannot know that it did.
    world.broker.streams.lose('MBOX');
    await world.node({ actors: [a], disk: new MemoryDisk() });
    mint(world, 'two', 10);
    await world.until(async () => (await receiver.data(b)).received_count >= 60);
    await world.pass(10_000);
    expect((await receiver.data(b)).received_count).toBe(60);
  });

  test('as a sender, rolled back to a backup, sends nothing twice and is heard from then on', async () => {
    const world = new World();
    const first = await world.node({ actors: [a] });
    const receiver = await world.node({ actors: [b] });
    mint(world, 'one', 50);
    // The backup holds messages that the receiver will have: they must not come again.
    await world.until(async () => (await first.host.inspect(a.id)).outbox.length === 1);
    const backup = first.disk.copy();
    await world.until(async () => (await receiver.data(b)).received_count === 50);
    mint(world, 'two', 50);
    await world.until(async () => (await receiver.data(b)).received_count === 100);
    await world.pass(1_000);
    await first.kill();
    await world.node({ actors: [a], disk: backup });
    mint(world, 'three', 10);
    await world.until(async () => (await receiver.data(b)).received_count >= 110);
    await world.pass(10_000);
    expect((await receiver.data(b)).received_count).toBe(110);
  });
});
