// The content store over both databases: what goes in and comes out was hashed.
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from '@ipld/dag-cbor';
import { afterAll, describe, expect, test } from 'vitest';
import { blockOf, cidOf, parseCid } from '#runtime/archive/cid.ts';
import { createContentStore, requireBlock } from '#runtime/archive/content-store.ts';
import { MemoryDisk, openMemoryStore } from '#runtime/store/memory-store.ts';
import { openRocksStore } from '#runtime/store/rocks-store.ts';
import { MAX_ARCHIVE_BLOCK_BYTES } from '#schemas/wire/limits.ts';
import { at } from './network.ts';

const dir = await mkdtemp(join(tmpdir(), 'content-store-'));
afterAll(() => rm(dir, { recursive: true }));

/** CID by the book: multibase b, version 1, dag-cbor 0x71, sha2-256 0x12, 32 bytes. */
function independentCid(bytes: Uint8Array): string {
  const raw = Buffer.concat([Buffer.of(0x01, 0x71, 0x12, 0x20), createHash('sha256').update(bytes).digest()]);
  let bits = '';
  for (const byte of raw) bits += byte.toString(2).padStart(8, '0');
  const groups = bits.match(/.{1,5}/g) ?? [];
  return `b${groups.map((group) => 'abcdefghijklmnopqrstuvwxyz234567'.charAt(Number.parseInt(group.padEnd(5, '0'), 2))).join('')}`;
}

const signals = Array.from({ length: 100 }, (_, i) => encode({ t: 'signal', i, text: `signal ${i}` }));

describe.each([
  ['in memory', async () => openMemoryStore(new MemoryDisk())],
  ['in RocksDB', () => openRocksStore(join(dir, 'db'))],
])('%s', (_, open) => {
  test('100 blocks have the CIDs of an independent computation and read back', async () => {
    const store = await open();
    const content = createContentStore(store);
    const blocks = signals.map((bytes) => blockOf('dag-cbor', bytes));
    await content.put(blocks);
    expect(blocks.map(({ cid }) => cid.toString())).toEqual(signals.map(independentCid));
    for (const { cid, bytes } of blocks)
      expect(Buffer.compare((await content.get(cid)) ?? new Uint8Array(0), bytes)).toBe(0);
    await store.close();
  });

  test('a byte flipped on disk is refused on read', async () => {
    const store = await open();
    const content = createContentStore(store);
    const block = blockOf('raw', Uint8Array.of(1, 2, 3));
    await content.put([block]);
    await store.batch([{ type: 'put', key: `blocks/${block.cid.toString()}`, value: Uint8Array.of(1, 2, 2) }]);
    await expect(content.get(block.cid)).rejects.toMatchObject({ code: 'BLOCK_CORRUPT' });
    await store.close();
  });
});

test('bytes under a wrong CID are refused on write', () => {
  const content = createContentStore(openMemoryStore(new MemoryDisk()));
  const cid = cidOf('raw', Uint8Array.of(1));
  expect(() => content.putOps([{ cid, bytes: Uint8Array.of(2) }])).toThrow(
    expect.objectContaining({ code: 'BLOCK_CORRUPT' }),
  );
});

test('a block above the limit is refused', () => {
  const content = createContentStore(openMemoryStore(new MemoryDisk()));
  const block = blockOf('raw', new Uint8Array(MAX_ARCHIVE_BLOCK_BYTES + 1));
  expect(() => content.putOps([block])).toThrow(expect.objectContaining({ code: 'MESSAGE_TOO_LARGE' }));
});

test('a block that is not there is undefined, and BLOCK_MISSING where it must be', async () => {
  const content = createContentStore(openMemoryStore(new MemoryDisk()));
  const { cid } = blockOf('raw', Uint8Array.of(9));
  expect(await content.get(cid)).toBeUndefined();
  await expect(requireBlock(content, cid)).rejects.toMatchObject({ code: 'BLOCK_MISSING' });
});

test('only CIDv1 in base32 over sha2-256, raw or dag-cbor, is a CID of this archive', () => {
  const cid = cidOf('raw', Uint8Array.of(1)).toString();
  expect(parseCid(cid)?.toString()).toBe(cid);
  const others = [
    'QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n',
    'bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi',
    'bafkqaaa',
    cid.toUpperCase(),
    cid.slice(0, -1),
    '',
  ];
  for (const other of others) expect(parseCid(other)).toBeUndefined();
  expect(at(others, 0)).toMatch(/^Qm/);
});
