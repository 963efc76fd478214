// The one byte string of a record: what else decodes to the same data is refused.
import { encode } from '@ipld/dag-cbor';
import fc from 'fast-check';
import type { CID } from 'multiformats/cid';
import { expect, test } from 'vitest';
import { encodeRecord } from '#machines/settlement/record-encoding.ts';
import { recordOf } from '#machines/settlement/record-rules.ts';
import { decodeRecord } from '#runtime/archive/record-codec.ts';
import { MAX_DIFFERENCE, MIN_DIFFERENCE } from '#schemas/settlement/record.ts';
import { MAX_ARCHIVE_BLOCK_BYTES, MAX_SETTLEMENT_ENTRIES } from '#schemas/wire/limits.ts';
import { at, entry, NETWORK, PAYMENTS, recordBlocks, rowsOf } from './network.ts';

const rows = rowsOf(PAYMENTS);
const blocks = recordBlocks(rows);
const { bytes } = at(blocks, 1);
/** The record as its map, with links; to be changed and encoded by hand. */
const data = { ...recordOf(at(rows, 1), NETWORK, null), prev: at(blocks, 0).cid, ev: [] as CID[] };
const hex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const replaced = (from: string, to: string) => hex(Buffer.from(bytes).toString('hex').replace(from, to));

test('records decode to what was encoded', () => {
  for (const [i, block] of blocks.entries()) {
    const prev = i === 0 ? null : at(blocks, i - 1).cid.toString();
    expect(decodeRecord(block.bytes)).toEqual({ ok: true, value: recordOf(at(rows, i), NETWORK, prev) });
  }
});

test('amounts beyond 2^53 stay exact', () => {
  const decoded = decodeRecord(at(blocks, 2).bytes);
  expect(decoded.ok && decoded.value.entries.map(({ d }) => d)).toEqual([-(2n ** 60n), 2n ** 60n, 5n, -5n]);
});

test('the bytes of the first record never change', () => {
  expect(at(blocks, 0).cid.toString()).toBe('bafyreihu47dfhckz6mynqtb3ail2nsyptwfulkgktdg6fqasor7yhfynb4');
});

test.each([
  // 61 64 = "d", then the value: -7 is 26, 7 is 07
  ['an integer written longer than needed', replaced('616407', '61641807'), 'RECORD_MALFORMED'],
  ['a float that is whole', replaced('616407', '6164fb401c000000000000'), 'RECORD_NOT_CANONICAL'],
  ['a float', replaced('616407', '6164fb401c000000000001'), 'RECORD_FLOAT'],
  ['an indefinite map', hex('bf 61 76 01 ff'), 'RECORD_MALFORMED'],
  ['bytes after the end', hex(`${Buffer.from(bytes).toString('hex')}00`), 'RECORD_MALFORMED'],
  ['nothing', new Uint8Array(0), 'RECORD_MALFORMED'],
  ['an integer', hex('01'), 'RECORD_MALFORMED'],
  ['null', hex('f6'), 'RECORD_MALFORMED'],
  ['a link as text', encode({ ...data, prev: data.prev.toString() }), 'RECORD_MALFORMED'],
  ['a field more', encode({ ...data, extra: 1 }), 'RECORD_MALFORMED'],
  ['a field less', encode({ ...data, ev: [], epoch: null }), 'RECORD_MALFORMED'],
])('%s is refused', (_, changed, code) => {
  expect(decodeRecord(changed)).toMatchObject({ ok: false, code });
});

test('keys in another order are refused', () => {
  // Swap the two shortest keys of the map: "t" and "v" (map entries 61 74 … and 61 76 01).
  const text = Buffer.from(bytes).toString('hex');
  const t = '61746a736574746c656d656e74';
  const v = '617601';
  expect(text).toContain(t + v);
  expect(decodeRecord(hex(text.replace(t + v, v + t))).ok).toBe(false);
});

test('no bytes crash the decoder', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (any) => {
      expect(decodeRecord(any).ok).toBe(false);
    }),
  );
});

test('one flipped bit gives another record or none, never the same', () => {
  const reencoded: string[] = [];
  const expected: string[] = [];
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = Buffer.from(bytes);
    flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    const decoded = decodeRecord(flipped);
    if (!decoded.ok) continue;
    reencoded.push(Buffer.from(encodeRecord(decoded.value)).toString('hex'));
    expected.push(flipped.toString('hex'));
  }
  expect(reencoded.length).toBeGreaterThan(0);
  expect(reencoded).toEqual(expected);
});

test('the largest record fits into one block', () => {
  const entries = Array.from({ length: MAX_SETTLEMENT_ENTRIES }, (_, i) =>
    entry('credit', i.toString(16).padStart(64, '0'), i % 2 === 0 ? MIN_DIFFERENCE : MAX_DIFFERENCE),
  );
  const largest = { ...recordOf(at(rows, 1), NETWORK, at(blocks, 0).cid.toString()), entries };
  expect(encodeRecord(largest).length).toBeLessThanOrEqual(MAX_ARCHIVE_BLOCK_BYTES);
});
