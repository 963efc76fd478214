// A key knows the store that it has always used: an empty one under a known key has forgotten, it is not new.
import { copyFile, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { birthOp, readSignerRecord } from '#runtime/consensus/signer.ts';
import { claimStore, noteBeside } from '#runtime/keys/claim-store.ts';
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
  expect(await claimStore(openMemoryStore(disk), noteBeside(key))).toBe(true);
  expect(await claimStore(openMemoryStore(disk), noteBeside(key))).toBe(true);
});

test('a store that was wiped is another store', async () => {
  await claimStore(openMemoryStore(new MemoryDisk()), noteBeside(key));
  const wiped = new MemoryDisk();
  expect(await claimStore(openMemoryStore(wiped), noteBeside(key))).toBe(false);
  expect(await claimStore(openMemoryStore(wiped), noteBeside(key))).toBe(false);
});

test('a crash between store and note leaves a key that has not spoken yet', async () => {
  const disk = new MemoryDisk();
  await claimStore(openMemoryStore(disk), noteBeside(key));
  await rm(`${key}.store`);
  expect(await claimStore(openMemoryStore(disk), noteBeside(key))).toBe(true);
});

/** What a backup that is taken while the node is down holds. */
function copyOf(disk: MemoryDisk): MemoryDisk {
  const copy = new MemoryDisk();
  copy.append([...disk.rows].map(([key, value]) => ({ type: 'put', key, value })));
  copy.sync();
  return copy;
}

async function started(disk: MemoryDisk): Promise<boolean> {
  const store = openMemoryStore(disk);
  const isFirst = await claimStore(store, noteBeside(key));
  if (isFirst && (await readSignerRecord(store)) === undefined) await store.batch([birthOp()]);
  return isFirst;
}

test('an older backup of the store has forgotten, and what it says of the signer is struck out', async () => {
  const disk = new MemoryDisk();
  expect(await started(disk)).toBe(true);
  const backup = copyOf(disk);
  expect(await started(disk)).toBe(true);
  expect(await readSignerRecord(openMemoryStore(backup))).toBeDefined();
  expect(await started(backup)).toBe(false);
  expect(await readSignerRecord(openMemoryStore(backup))).toBeUndefined();
  // In later lives too: it was never new.
  expect(await started(backup)).toBe(false);
});

test('a store with a note that was copied, as with its whole folder, has forgotten', async () => {
  const disk = new MemoryDisk();
  expect(await started(disk)).toBe(true);
  await copyFile(`${key}.store`, `${key}.copy`);
  await rename(`${key}.copy`, `${key}.store`);
  expect(await started(disk)).toBe(false);
  expect(await readSignerRecord(openMemoryStore(disk))).toBeUndefined();
});
