// Blocks reach the host in height order without gaps: old ones from the store, new ones as they come, again after an actor resumed.
import { expect, test } from 'vitest';
import { BlockDelivery } from '#runtime/node/block-delivery.ts';
import { type BlockEvents, eventOps, readEvents } from '#runtime/node/ledger-rows.ts';
import { MemoryDisk, openMemoryStore } from '#runtime/store/memory-store.ts';
import type { LedgerEvent } from '#schemas/settlement/state.ts';
import { signerOf, type TestNode, World } from '../host/world.ts';

const actor = signerOf('a');
const finished: LedgerEvent = { type: 'job.finished', job: 'f'.repeat(32) };
const blockAt = (height: number, ...events: LedgerEvent[]): BlockEvents => ({ height, time_ms: height * 100, events });
const heardBy = async (node: TestNode): Promise<string[]> =>
  (await node.data(actor)).heard.filter((text) => text.startsWith('block'));
const settle = async (): Promise<void> => {
  for (let turns = 0; turns < 50; turns++) await new Promise((resolve) => setImmediate(resolve));
};

/** A host, and a ledger store in which these blocks are. */
async function node(...stored: readonly BlockEvents[]) {
  const unwritten: BlockEvents[] = [];
  const host = await new World().node({ actors: [actor] });
  const store = openMemoryStore(new MemoryDisk());
  for (const block of stored) await store.batch(eventOps(block));
  const written = async (): Promise<void> => store.batch(unwritten.splice(0).flatMap((block) => eventOps(block)));
  const delivery = new BlockDelivery(store, host.host, stored.at(-1)?.height ?? 0, written);
  return { host, store, delivery, unwritten };
}

test('what the store holds comes first, then what comes; nobody is told of blocks without events', async () => {
  const { host, delivery } = await node(blockAt(1, finished), blockAt(3, finished));
  delivery.push(blockAt(4, finished));
  await delivery.replay();
  delivery.push(blockAt(5));
  delivery.push(blockAt(6, finished));
  await settle();
  expect(await heardBy(host)).toEqual([1, 3, 4, 6].map((height) => `block ${height} job.finished`));
  expect(host.host.ledgerWatermark()).toBe(6);
});

test('a replay from a height that was heard repeats nothing', async () => {
  const { host, delivery } = await node(blockAt(1, finished), blockAt(2, finished));
  await delivery.replay();
  await settle();
  await delivery.replay();
  await settle();
  expect(await heardBy(host)).toHaveLength(2);
});

test('a replay first writes what was told and is not on disk', async () => {
  const { host, delivery, unwritten } = await node(blockAt(1, finished));
  unwritten.push(blockAt(2, finished));
  delivery.push(blockAt(2));
  await delivery.replay();
  await settle();
  expect(await heardBy(host)).toEqual(['block 1 job.finished', 'block 2 job.finished']);
});

test('blocks that are executed again after a crash are heard once', async () => {
  const { host, delivery } = await node(blockAt(1, finished), blockAt(2, finished));
  await delivery.replay();
  await settle();
  for (const height of [1, 2, 3]) delivery.push(blockAt(height, finished));
  await delivery.replay();
  await settle();
  expect(await heardBy(host)).toEqual([1, 2, 3].map((height) => `block ${height} job.finished`));
});

test('nothing is delivered before the replay: the order would break', async () => {
  const { host, delivery } = await node();
  delivery.push(blockAt(1, finished));
  await settle();
  expect(await heardBy(host)).toEqual([]);
  await delivery.replay();
  await settle();
  expect(host.host.ledgerWatermark()).toBe(1);
});

test('events that everyone has heard are forgotten, others are kept', async () => {
  const { host, store, delivery } = await node();
  await delivery.replay();
  for (let height = 1; height <= 600; height++) {
    const block = blockAt(height, finished);
    await store.batch(eventOps(block));
    delivery.push(block);
    if (height % 100 === 0) await settle();
  }
  await settle();
  expect(host.host.ledgerWatermark()).toBe(600);
  const kept: number[] = [];
  for await (const { height } of readEvents(store, 0)) kept.push(height);
  expect(kept.length).toBeLessThan(600);
  expect(kept.at(-1) ?? 600).toBe(600);
});

test('a host that drains refuses the rest, and nothing is lost: the next start replays it', async () => {
  const { host, delivery } = await node();
  await delivery.replay();
  await host.drain();
  delivery.push(blockAt(1, finished));
  await settle();
  expect(host.host.ledgerWatermark()).toBe(0);
});
