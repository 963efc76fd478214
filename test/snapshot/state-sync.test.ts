// State sync: what a node far behind takes up, from whom, and what liars and crashes cost it.
import { describe, expect, test } from 'vitest';
import { readLowest, readTip } from '#runtime/consensus/block-store.ts';
import { MemoryDisk, openMemoryStore, type WriteFault } from '#runtime/store/memory-store.ts';
import type { Store } from '#runtime/store/store.ts';
import { decodeChunk, type StateChunk } from '#schemas/consensus/snapshot-codec.ts';
import { MAX_CHUNK_ROWS_BYTES, MAX_MESSAGE_BYTES, MIN_STATE_SYNC_HEIGHTS } from '#schemas/wire/limits.ts';
import { shortFirst } from './short-chunk.ts';
import { encodeChunk, type Lie, rootOf, rowsAt, Servers, stateOf, storeWithSnapshot } from './snapshots.ts';

const HEIGHT = 1_000;
const ROWS = rowsAt(HEIGHT, 80);
/** Chunks that these rows make. */
const CHUNKS = Math.ceil((80 * 60_000) / MAX_CHUNK_ROWS_BYTES);

const fresh = () => openMemoryStore(new MemoryDisk());
const snapshot = () => storeWithSnapshot(HEIGHT, ROWS);

async function count(store: Store, prefix: string): Promise<number> {
  let found = 0;
  for await (const _row of store.scan(prefix)) found++;
  return found;
}

test('a node with nothing takes up the rows of a snapshot, and stands at its height with its block', async () => {
  const servers = new Servers();
  for (const i of [0, 1, 2]) servers.serve(i, await snapshot());
  const store = fresh();
  await servers.sync(store);
  expect(await stateOf(store)).toEqual(ROWS);
  expect(await readTip(store)).toMatchObject({ height: HEIGHT, time_ms: HEIGHT, state_root: rootOf(ROWS) });
  expect(await readLowest(store)).toBe(HEIGHT);
  const chunks = servers.asked.map((asked) => asked.filter(({ type }) => type === 'chunk.request').length);
  expect(chunks.reduce((a, b) => a + b)).toBe(CHUNKS);
  expect(chunks.slice(0, 3).every((count) => count > 0)).toBe(true);
  expect(await count(store, 'snap/')).toBe(0);
});

test('a chunk is a message at most', async () => {
  const store = await snapshot();
  const sizes: number[] = [];
  for await (const [, value] of store.scan('snap/chunk/')) sizes.push(value.length);
  expect(sizes.filter((size) => size > MAX_CHUNK_ROWS_BYTES / 2).length).toBe(CHUNKS);
  expect(Math.max(...sizes)).toBeLessThan(MAX_MESSAGE_BYTES);
});

describe('with one of three lying about it, the rows are all the same those that were certified', () => {
  const changed =
    (change: (chunk: StateChunk) => StateChunk): Lie =>
    (answer) => {
      const chunk = answer.type === 'chunk' ? decodeChunk(answer.bytes) : undefined;
      return chunk === undefined ? answer : { type: 'chunk', bytes: encodeChunk(change(chunk)) };
    };
  const LIES: Record<string, Lie> = {
    'a changed row': changed((chunk) => ({
      ...chunk,
      rows: chunk.rows.map((row, i) => (i === 3 ? { ...row, value: row.value.slice(1) } : row)),
    })),
    'a row left out': changed((chunk) => ({ ...chunk, rows: chunk.rows.toSpliced(2, 1) })),
    'no row at all': changed((chunk) => ({ ...chunk, rows: [] })),
    'no proof': changed((chunk) => ({ ...chunk, left: [], right: [] })),
    'bytes that are no chunk': (answer, question) =>
      answer.type === 'chunk' && question.type === 'chunk.request' && question.index > 0
        ? { type: 'chunk', bytes: new Uint8Array(question.index) }
        : answer,
    'an answer to another question': (answer) =>
      answer.type === 'chunk' ? { type: 'manifest', first_keys: ['a'] } : answer,
    'another manifest': (answer) => (answer.type === 'manifest' ? { ...answer, first_keys: ['a', 'b'] } : answer),
    'a snapshot that nobody certified': (answer) =>
      answer.type === 'snapshots'
        ? { ...answer, snapshots: answer.snapshots.map((offer) => ({ ...offer, height: offer.height + 7_000 })) }
        : answer,
    'the same rows as of the block after': (answer) =>
      answer.type === 'snapshots'
        ? { ...answer, snapshots: answer.snapshots.map((offer) => ({ ...offer, height: offer.height + 1 })) }
        : answer,
    'blocks with false certificates': (answer) =>
      answer.type === 'range'
        ? {
            ...answer,
            blocks: answer.blocks.map(({ block, certificate }) => ({
              block,
              certificate: {
                ...certificate,
                votes: certificate.votes.map((vote) => ({ ...vote, signature: new Uint8Array(64) })),
              },
            })),
          }
        : answer,
  };
  test.each(Object.entries(LIES))('%s', async (_name, lie) => {
    const servers = new Servers();
    servers.serve(0, await snapshot(), lie);
    for (const i of [1, 2]) servers.serve(i, await snapshot());
    const store = fresh();
    await servers.sync(store);
    expect(await stateOf(store)).toEqual(ROWS);
    expect((await readTip(store))?.height).toBe(HEIGHT);
  });
});

test('a chunk that ends early is noticed between it and the next, and asked of another', async () => {
  const servers = new Servers();
  const { lie, told } = shortFirst(ROWS);
  servers.serve(0, await snapshot(), lie);
  for (const i of [1, 2]) servers.serve(i, await snapshot());
  const store = fresh();
  await servers.sync(store);
  expect(told()).toBe(true);
  expect(await stateOf(store)).toEqual(ROWS);
});

test('a crash in the middle is gone on from: what is there is not asked for again', async () => {
  const servers = new Servers();
  for (const i of [0, 1, 2]) servers.serve(i, await snapshot());
  const disk = new MemoryDisk();
  let writes = 0;
  const fault = (): WriteFault | undefined => (++writes === 4 ? 'unacknowledged' : undefined);
  await expect(servers.sync(openMemoryStore(disk, fault))).rejects.toThrow('power cut');
  const store = openMemoryStore(disk);
  const kept: number[] = [];
  for await (const [key] of store.scan('snap/taken/')) kept.push(Number(key.slice('snap/taken/'.length)));
  expect(kept.length).toBeGreaterThan(0);
  await servers.sync(store);
  const again = servers.asked.flat().filter((one) => one.type === 'chunk.request' && kept.includes(one.index));
  expect(again.length).toBe(kept.length);
  expect(await stateOf(store)).toEqual(ROWS);
});

test('what was begun and nobody gives any more ends the node, and the next start goes on', async () => {
  const servers = new Servers();
  servers.serve(0, await snapshot(), (answer) => (answer.type === 'chunk' ? undefined : answer));
  const store = fresh();
  const hurried = { now_ms: () => 0, setTimer: (_ms: number, fire: () => void) => (fire(), () => undefined) };
  const gone = servers.sync(store, hurried);
  await servers.until((question) => question.type === 'chunk.request');
  servers.leave();
  await expect(gone).rejects.toMatchObject({ code: 'SNAPSHOT_UNAVAILABLE' });
  for (const i of [1, 2]) servers.serve(i, await snapshot());
  await servers.sync(store);
  expect(await stateOf(store)).toEqual(ROWS);
});

test('old rows of a node that was away are gone', async () => {
  const servers = new Servers();
  for (const i of [0, 1]) servers.serve(i, await snapshot());
  const store = fresh();
  await store.batch([{ type: 'put', key: 'state/proofs/old', value: new Uint8Array(3) }]);
  await servers.sync(store);
  expect(await stateOf(store)).toEqual(ROWS);
});

describe('nothing is taken up', () => {
  test('where nobody serves a snapshot', async () => {
    const servers = new Servers();
    servers.serve(0, fresh());
    const store = fresh();
    await servers.sync(store);
    expect(await stateOf(store)).toEqual(new Map());
  });

  test('where few heights are missing: their blocks are synced', async () => {
    const near = MIN_STATE_SYNC_HEIGHTS - 1;
    const servers = new Servers();
    servers.serve(0, await storeWithSnapshot(near, rowsAt(near, 2)));
    servers.serve(1, fresh()); // holds blocks from 1 on
    const store = fresh();
    await servers.sync(store);
    expect(await stateOf(store)).toEqual(new Map());
  });
});
