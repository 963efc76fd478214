// What every store must do: the same rules run over RocksDB and its in-memory twin.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LazyPut } from '#runtime/store/lazy-put.ts';
import { MemoryDisk, openMemoryStore } from '#runtime/store/memory-store.ts';
import { openRocksStore } from '#runtime/store/rocks-store.ts';
import type { Store, StoreOp } from '#runtime/store/store.ts';

const APPEND_CHILD = new URL('./append-child.ts', import.meta.url).pathname;

type Disk = { open(): Promise<Store>; remove(): Promise<void> };

const KINDS: Record<string, () => Promise<Disk>> = {
  rocksdb: async () => {
    const directory = await mkdtemp(join(tmpdir(), 'store-'));
    return { open: () => openRocksStore(directory), remove: () => rm(directory, { recursive: true }) };
  },
  memory: async () => {
    const disk = new MemoryDisk();
    return { open: async () => openMemoryStore(disk), remove: async () => {} };
  },
};

const bytes = (...values: number[]) => Uint8Array.from(values);
const put = (key: string, ...values: number[]): StoreOp => ({ type: 'put', key, value: bytes(...values) });
const del = (key: string): StoreOp => ({ type: 'del', key });
async function rows(store: Store, prefix: string, options?: { after?: string; limit?: number }) {
  const found: [string, number[]][] = [];
  for await (const [key, value] of store.scan(prefix, options)) found.push([key, [...value]]);
  return found;
}

describe.each(Object.entries(KINDS))('%s', (_name, make) => {
  let disk: Disk;
  let store: Store;

  beforeEach(async () => {
    disk = await make();
    store = await disk.open();
  });
  afterEach(async () => {
    await store.close();
    await disk.remove();
  });

  test('a row whose bytes are made when they are read is written as any other', async () => {
    await store.batch([new LazyPut('a/1', () => bytes(1)), put('a/2', 2)]);
    expect(await rows(store, 'a/')).toEqual([
      ['a/1', [1]],
      ['a/2', [2]],
    ]);
  });

  test('a key that was never written is undefined', async () => {
    expect(await store.get('nothing')).toBeUndefined();
  });

  test('a batch is there after a reopening', async () => {
    await store.batch([put('a', 1), put('b', 2), del('a')]);
    await store.close();
    store = await disk.open();
    expect(await rows(store, 'a')).toEqual([]);
    expect(await rows(store, 'b')).toEqual([['b', [2]]]);
  });

  test('later operations of a batch win', async () => {
    await store.batch([put('a', 1), del('a'), put('a', 3)]);
    expect([...((await store.get('a')) ?? [])]).toEqual([3]);
  });

  test('what is appended is read at once, and is there after a reopening', async () => {
    await store.batch([put('a/1', 1), put('a/2', 2)]);
    await store.append([del('a/1'), put('a/2', 3), new LazyPut('a/3', () => bytes(4))]);
    const expected = [
      ['a/2', [3]],
      ['a/3', [4]],
    ];
    expect(await rows(store, 'a/')).toEqual(expected);
    await store.close();
    store = await disk.open();
    expect(await rows(store, 'a/')).toEqual(expected);
  });

  test('an empty value is a value', async () => {
    await store.batch([put('empty')]);
    expect((await store.get('empty'))?.length).toBe(0);
  });

  test('an empty batch changes nothing', async () => {
    await store.batch([]);
    expect(await rows(store, 'a')).toEqual([]);
  });

  test('a scan gives the rows of its prefix alone, in key order', async () => {
    await store.batch([put('t/b', 2), put('t/a', 1), put('s/z', 9), put('t0', 9), put('t', 9)]);
    expect(await rows(store, 't/')).toEqual([
      ['t/a', [1]],
      ['t/b', [2]],
    ]);
  });

  test('a scan goes on after a key and stops at its limit', async () => {
    await store.batch(['a', 'b', 'c', 'd'].map((name, index) => put(`t/${name}`, index)));
    expect(await rows(store, 't/', { after: 't/a', limit: 2 })).toEqual([
      ['t/b', [1]],
      ['t/c', [2]],
    ]);
  });

  test('a scan crosses its page size', async () => {
    await store.batch(
      Array.from({ length: 1_000 }, (_, index) => put(`t/${String(index).padStart(4, '0')}`, index & 255)),
    );
    expect(await rows(store, 't/')).toHaveLength(1_000);
  });

  test('a scan sees the rows as they were when its first was asked for, whatever is written since', async () => {
    const many = Array.from({ length: 600 }, (_, i) => put(`a/${String(i).padStart(3, '0')}`, 1));
    await store.append(many);
    const scan = store.scan('a/')[Symbol.asyncIterator]();
    const first = scan.next();
    await store.append([put('a/599', 2), del('a/598'), put('a/600', 1)]);
    await store.batch([put('a/300', 2)]);
    const seen = [(await first).value];
    for (let row = await scan.next(); row.done !== true; row = await scan.next()) seen.push(row.value);
    expect(seen.map((row) => row?.[0])).toEqual(many.map(({ key }) => key));
    expect(seen.every((row) => row?.[1][0] === 1)).toBe(true);
  });

  test('a row does not change when the caller reuses its buffer', async () => {
    const value = bytes(1);
    await store.batch([{ type: 'put', key: 'a', value }]);
    value[0] = 2;
    expect([...((await store.get('a')) ?? [])]).toEqual([1]);
  });

  test('a closed store fails and says so', async () => {
    await store.close();
    await expect(store.batch([put('a', 1)])).rejects.toMatchObject({ code: 'STORE_WRITE_FAILED' });
    await expect(store.append([put('a', 1)])).rejects.toMatchObject({ code: 'STORE_WRITE_FAILED' });
    await expect(store.get('a')).rejects.toMatchObject({ code: 'STORE_READ_FAILED' });
    store = await disk.open();
  });

  test('any writes leave what a plain map would hold', async () => {
    const key = fc.string({ unit: fc.constantFrom('a', 'b', '/', '0'), minLength: 1, maxLength: 3 });
    const op = fc.oneof(
      key.map((k) => del(`m/${k}`)),
      fc.tuple(key, fc.nat(255)).map(([k, v]) => put(`m/${k}`, v)),
    );
    const write = fc.record({ ops: fc.array(op, { maxLength: 5 }), isSynced: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(write, { maxLength: 5 }), async (writes) => {
        await store.batch((await rows(store, 'm/')).map(([k]) => del(k)));
        const model = new Map<string, number[]>();
        for (const { ops, isSynced } of writes) {
          await (isSynced ? store.batch(ops) : store.append(ops));
          for (const o of ops) {
            if (o.type === 'put') model.set(o.key, [...o.value]);
            else model.delete(o.key);
          }
        }
        expect(await rows(store, 'm/')).toEqual([...model].toSorted(([a], [b]) => (a < b ? -1 : 1)));
      }),
      { numRuns: 25 },
    );
  });
});

test('a database that is open cannot be opened again', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'store-'));
  const store = await openRocksStore(directory);
  await expect(openRocksStore(directory)).rejects.toMatchObject({ code: 'STORE_OPEN_FAILED' });
  await store.close();
  await rm(directory, { recursive: true });
});

test.each([
  ['lost', undefined],
  ['unacknowledged', 1],
] as const)('a batch that is %s by a power cut fails, and is on disk or not as a whole', async (fault, expected) => {
  const disk = new MemoryDisk();
  const store = openMemoryStore(disk, () => fault);
  await expect(store.batch([put('a', 1), put('b', 1)])).rejects.toMatchObject({ code: 'STORE_WRITE_FAILED' });
  await expect(store.get('a')).rejects.toMatchObject({ code: 'STORE_READ_FAILED' });
  const reopened = openMemoryStore(disk);
  expect((await reopened.get('a'))?.[0]).toBe(expected);
  expect((await reopened.get('b'))?.[0]).toBe(expected);
});

test('the end of the process takes nothing back of what was appended', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'store-'));
  const child = spawn(process.execPath, [APPEND_CHILD, directory], { stdio: ['ignore', 'ignore', 'inherit'] });
  expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
  const store = await openRocksStore(directory);
  expect(await rows(store, 'a')).toEqual([['a', [1]]]);
  await store.close();
  await rm(directory, { recursive: true });
});

test('a power cut takes back all that was appended since the last batch, and nothing before', async () => {
  const disk = new MemoryDisk();
  const store = openMemoryStore(disk);
  await store.append([put('t/a', 1), put('t/b', 1)]);
  await store.batch([put('t/c', 1)]);
  await store.append([put('t/a', 2), del('t/b')]);
  await store.append([put('t/a', 3), put('t/d', 1)]);
  await store.batch([]); // without rows: nothing is synced
  expect(await rows(openMemoryStore(disk), 't/')).toEqual([
    ['t/a', [1]],
    ['t/b', [1]],
    ['t/c', [1]],
  ]);
});

test.each([
  ['batch', 'lost', undefined],
  ['batch', 'unacknowledged', 1],
  ['append', 'lost', undefined],
  ['append', 'unacknowledged', 1],
] as const)(
  '%s: a write that is %s by a power cut takes along what was appended before',
  async (kind, fault, expected) => {
    const disk = new MemoryDisk();
    const store = openMemoryStore(disk, (ops) => (ops.length === 2 ? fault : undefined));
    await store.append([put('a', 1)]);
    await expect(store[kind]([put('b', 1), put('c', 1)])).rejects.toMatchObject({ code: 'STORE_WRITE_FAILED' });
    const reopened = openMemoryStore(disk);
    for (const key of ['a', 'b', 'c']) expect((await reopened.get(key))?.[0]).toBe(expected);
  },
);

test('a backup holds what was appended, whatever happens to the disk', async () => {
  const disk = new MemoryDisk();
  await openMemoryStore(disk).append([put('a', 1)]);
  const backup = disk.copy();
  disk.losePower();
  expect(await openMemoryStore(disk).get('a')).toBeUndefined();
  expect((await openMemoryStore(backup).get('a'))?.[0]).toBe(1);
});
