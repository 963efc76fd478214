// A key knows the store that it has always used: an empty one under a known key has forgotten, it is not new.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { claimStore } from '#runtime/keys/claim-store.ts';
import { MemoryDisk, openMemoryStore } from '#runtime/store/memory-store.ts';

let dir: string;
let key: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sortition-claim-'));
  key = join(dir, 'validator.seed');
});
afterEach(() => rm(dir, { recursive: true, force: true }));

test('a new key takes the first store that it meets, and keeps it', async () => {
  const disk = new MemoryDisk();
  expect(await claimStore(openMemoryStore(disk), key)).toBe(true);
  expect(await claimStore(openMemoryStore(disk), key)).toBe(true);
});

test('a store that was wiped is another store', async () => {
  await claimStore(openMemoryStore(new MemoryDisk()), key);
  const wiped = new MemoryDisk();
  expect(await claimStore(openMemoryStore(wiped), key)).toBe(false);
  expect(await claimStore(openMemoryStore(wiped), key)).toBe(false);
});

test('a crash between store and note leaves a key that has not spoken yet', async () => {
  const disk = new MemoryDisk();
  await claimStore(openMemoryStore(disk), key);
  await rm(`${key}.store`);
  expect(await claimStore(openMemoryStore(disk), key)).toBe(true);
});
