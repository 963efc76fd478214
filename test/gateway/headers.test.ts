// Certified headers from the gateway: of any height up to the last, from whichever validator tells the truth, a few at a time.
import { afterEach, expect, test } from 'vitest';
import { MemoryBroker } from '#runtime/bus/memory-bus.ts';
import { finalOps } from '#runtime/consensus/block-store.ts';
import { handoverOp } from '#runtime/consensus/handover-rows.ts';
import { serveSync } from '#runtime/consensus/sync-server.ts';
import { CertifiedState } from '#runtime/gateway/certified-state.ts';
import { Headers } from '#runtime/gateway/headers.ts';
import { handoverToJson, headerToJson } from '#runtime/gateway/proven-rows.ts';
import { genesisElectorate } from '#runtime/node/final-blocks.ts';
import { MemoryDisk, openMemoryStore } from '#runtime/store/memory-store.ts';
import { decodeHeader, encodeHeader } from '#schemas/consensus/block-codec.ts';
import type { Handover } from '#schemas/consensus/handover-codec.ts';
import { encodeMembership, membershipHash } from '#schemas/consensus/membership-codec.ts';
import type { FinalBlock, Header, Membership } from '#schemas/consensus/types.ts';
import { MAX_HEADER_REQUESTS } from '#schemas/wire/limits.ts';
import { subject } from '#schemas/wire/subjects.ts';
import { sha256, VALIDATORS } from '../settlement/world/chain.ts';
import { certify, SeenWorld, worldCrypto } from './seen-world.ts';

const open: { close(): void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

function network() {
  const world = new SeenWorld();
  const broker = new MemoryBroker();
  const finals: FinalBlock[] = [];
  const state = new CertifiedState(world.ledger);
  world.reads.onBlock((block) => {
    finals.push(block.final);
    state.hear(block);
  });
  for (let i = 0; i < 5; i++) world.block();
  const electorate = genesisElectorate(world.reads.chain, worldCrypto);
  const headers = new Headers(world.reads, broker.connect('gateway'), worldCrypto, state);
  /** This validator serves these blocks, each as what it gives out as that height. */
  const serve = async (index: number, blocks: readonly FinalBlock[]): Promise<void> => {
    const store = openMemoryStore(new MemoryDisk());
    for (const [i, final] of blocks.entries()) {
      const tip = { height: i + 1, id: final.certificate.value ?? '', time_ms: 0, state_root: '00'.repeat(32) };
      await store.batch(finalOps(tip, final));
    }
    const id = VALIDATORS[index] ?? '';
    open.push(
      serveSync(broker.connect(id), id, {
        store,
        electorate: () => electorate,
        position: () => undefined,
        part: () => undefined,
        onRefused: () => undefined,
      }),
    );
  };
  const answer = (height: number) => ({ ok: true, value: headerToJson(finals[height - 1] as FinalBlock) });
  return { world, broker, finals, headers, serve, answer };
}

test('the last header needs nobody, an older one any validator that has it', async () => {
  const { headers, serve, finals, answer } = network();
  expect(await headers.at(5)).toEqual(answer(5));
  expect(await headers.at(3)).toMatchObject({ code: 'BUS_NO_ANSWER' });
  await serve(2, finals);
  for (const height of [1, 2, 3, 4]) expect(await headers.at(height)).toEqual(answer(height));
});

test('a header that no validator holds any more is not promised for later', async () => {
  const { headers, serve } = network();
  await serve(1, []);
  expect(await headers.at(3)).toMatchObject({ ok: false, code: 'HEADER_NOT_HELD' });
});

test('there is no header of height 0, nor above the last', async () => {
  const { headers } = network();
  for (const height of [0, 6]) expect(await headers.at(height)).toMatchObject({ code: 'HEADER_UNKNOWN' });
});

test('what a lying validator gives out is passed over', async () => {
  const { headers, serve, finals, answer } = network();
  const forged = finals.map(({ block, certificate }) => ({ block, certificate: { ...certificate, votes: [] } }));
  await serve(0, forged);
  await serve(1, finals.toReversed());
  await serve(2, finals);
  for (let i = 0; i < 4; i++) expect(await headers.at(2)).toEqual(answer(2));
});

test('no more than a few are asked for at a time', async () => {
  const { headers, broker, serve, finals, answer } = network();
  const asked: (() => void)[] = [];
  for (const id of VALIDATORS)
    open.push(
      broker.connect(id).subscribe(subject.sync(id), ({ respond }) => asked.push(() => respond?.(new Uint8Array(0)))),
    );
  const waiting = Array.from({ length: MAX_HEADER_REQUESTS }, () => headers.at(2));
  expect(await headers.at(2)).toEqual({ ok: false, code: 'HOST_BUSY' });
  expect(await headers.at(5)).toEqual(answer(5));
  while (asked.length < MAX_HEADER_REQUESTS) await new Promise((resolve) => setImmediate(resolve));
  for (const one of open.splice(0)) one.close();
  for (const honest of [0, 1]) await serve(honest, finals);
  for (const respond of asked) respond();
  expect(await Promise.all(waiting)).toEqual(waiting.map(() => answer(2)));
});

test('how a set took over is shown by who has the block before it, or was shown it and keeps no such block', async () => {
  const { world, broker, headers, finals } = network();
  const before = genesisElectorate(world.reads.chain, worldCrypto);
  const next: Membership = { ...before, epoch: 1, first_height: 3 };
  const header = encodeHeader({ ...headerOf(finals[1]), next_validators_hash: membershipHash(next) });
  const last = { block: { header, txs: [] }, certificate: certify(2, Buffer.from(sha256(header)).toString('hex')) };
  const { ledger } = world.reads;
  const known = { ...ledger, membershipOf: (epoch: number) => (epoch === 1 ? next : ledger.membershipOf(epoch)) };
  const asking = new Headers(
    { ...world.reads, ledger: known },
    broker.connect('asking'),
    worldCrypto,
    new CertifiedState(world.ledger),
  );
  expect(await headers.handover(1)).toMatchObject({ code: 'MEMBERSHIP_UNKNOWN' });
  expect(await asking.handover(1)).toMatchObject({ code: 'BUS_NO_ANSWER' });
  const keeps = async (index: number, handover: Handover): Promise<void> => {
    const store = openMemoryStore(new MemoryDisk());
    await store.append([handoverOp(1, handover)]);
    const id = VALIDATORS[index] ?? '';
    const nothing = () => undefined;
    const ports = { store, electorate: () => before, position: nothing, part: nothing, onRefused: nothing };
    open.push(serveSync(broker.connect(id), id, ports));
  };
  const good = { header, certificate: last.certificate, membership: encodeMembership(next) };
  await keeps(0, { ...good, membership: encodeMembership({ ...next, first_height: 4 }) });
  expect(await asking.handover(1)).toMatchObject({ code: 'HEADER_NOT_HELD' });
  await keeps(1, good);
  for (let i = 0; i < 4; i++) expect(await asking.handover(1)).toEqual({ ok: true, value: handoverToJson(good) });
});

function headerOf(final: FinalBlock | undefined): Header {
  const header = decodeHeader(final?.block.header ?? new Uint8Array(0));
  if (!header.ok) throw new Error(header.code);
  return header.value;
}
