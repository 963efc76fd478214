// Acknowledgements that come late, or again: they must not make a sender number anew what its receiver may have applied.
import { beforeEach, expect, test } from 'vitest';
import { open } from '#runtime/host/envelopes.ts';
import { HOST_ACK } from '#schemas/node/host-ack.ts';
import { decodeBody, encode } from '#schemas/wire/msgpack.ts';
import { subject } from '#schemas/wire/subjects.ts';
import { Token } from './probe.ts';
import { CHAIN, Outsider, signerOf, type TestNode, World } from './world.ts';

const a = signerOf('a');
/** Long enough for several repeats of what is not acknowledged. */
const REPEATS_MS = 5_000;

let world: World;
let node: TestNode;
let peer: Outsider;
/** Every (counter, amount) in which a token reached the peer. */
let arrived: Set<string>;
let life_ms: number;

beforeEach(async () => {
  world = new World();
  node = await world.node({ actors: [a] });
  peer = new Outsider(world, 'peer');
  arrived = new Set();
  life_ms = world.clock.now_ms();
  world.broker.connect(peer.signer.id).subscribe(subject.mailboxOf(peer.signer.id), ({ data }) => {
    const got = open(data, a.id, CHAIN, world.clock.now_ms());
    if (!got.ok) throw new Error(got.code);
    for (const { counter, body } of got.value.envelope.items) {
      const token = decodeBody(Token, body);
      if (token.ok) arrived.add(`${counter} ${token.value.amount}`);
    }
  });
});

/** The actor sends the peer a token of this amount; answers its counter. */
async function token(amount: number): Promise<number> {
  peer.order(a, { do: 'mint', amount, hops: 0, count: 1, path: [peer.signer.id] });
  const found = () => [...arrived].find((one) => one.endsWith(` ${amount}`));
  await world.until(() => found() !== undefined);
  return Number(found()?.split(' ')[0]);
}

function acknowledge(watermark: number, of_life_ms: number): void {
  const body = encode({ watermark, life_ms: of_life_ms, is_busy: false });
  peer.send(a, peer.envelope([{ kind: HOST_ACK, to: a.id, counter: 0, body }]));
}

test('a receiver that has nothing of an epoch yet gets it under the numbers that it may have by now', async () => {
  const first = await token(1);
  acknowledge(0, life_ms);
  const second = await token(2);
  await world.pass(REPEATS_MS);
  expect([...arrived].sort()).toEqual([`${first} 1`, `${second} 2`]);
  expect(second).toBe(first + 1);
});

test('an acknowledgement of long ago, heard again after a restart, is no loss of state', async () => {
  const first = await token(1);
  acknowledge(first, life_ms);
  const second = await token(2);
  acknowledge(second, life_ms);
  const third = await token(3);
  await node.kill();
  await world.node({ actors: [a], disk: node.disk });
  acknowledge(first, life_ms);
  await world.pass(REPEATS_MS);
  expect([...arrived].sort()).toEqual([`${first} 1`, `${second} 2`, `${third} 3`]);
});

test('a later life of the receiver that knows less gets what is left in a new epoch', async () => {
  const first = await token(1);
  acknowledge(first, life_ms);
  const second = await token(2);
  acknowledge(0, life_ms + 1);
  await world.until(() => arrived.size > 2);
  const again = [...arrived].find((one) => one.endsWith(' 2') && one !== `${second} 2`);
  expect(Number(again?.split(' ')[0])).toBeGreaterThan(second + 1);
});
