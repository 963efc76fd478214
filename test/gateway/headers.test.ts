// Certified headers from the gateway: of any height up to the last, from whichever validator tells the truth, a few at a time.
import { afterEach, expect, test } from 'vitest';
import { MemoryBroker } from '#runtime/bus/memory-bus.ts';
import { finalOps } from '#runtime/consensus/block-store.ts';
import { serveSync } from '#runtime/consensus/sync-server.ts';
import { CertifiedState } from '#runtime/gateway/certified-state.ts';
import { Headers } from '#runtime/gateway/headers.ts';
import { headerToJson } from '#runtime/gateway/proven-rows.ts';
import { genesisElectorate } from '#runtime/node/final-blocks.ts';
import { MemoryDisk, openMemoryStore } from '#runtime/store/memory-store.ts';
import type { FinalBlock } from '#schemas/consensus/types.ts';
import { MAX_HEADER_REQUESTS } from '#schemas/wire/limits.ts';
import { subject } from '#schemas/wire/subjects.ts';
import { VALIDATORS } from '../settlement/world/chain.ts';
import { SeenWorld, worldCrypto } from './seen-world.ts';

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
  return { broker, finals, headers, serve, answer };
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
