// The hand-written encoding of records is the one that the DAG-CBOR library gives, for any record; and so is the CID.
import { encode } from '@ipld/dag-cbor';
import fc from 'fast-check';
import { CID } from 'multiformats/cid';
import { expect, test } from 'vitest';
import { encodeRecord, recordCid } from '#machines/settlement/record-encoding.ts';
import { cidOf, sha256 } from '#runtime/archive/cid.ts';
import { MAX_DIFFERENCE, MIN_DIFFERENCE, type SettlementRecord } from '#schemas/settlement/record.ts';

const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 });
const cid = bytes.map((seed) => cidOf('dag-cbor', seed).toString());
const whole = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const entry = fc.record({
  a: fc.constantFrom('credit', 'stake'),
  k: fc.string({ unit: 'grapheme', maxLength: 80 }),
  d: fc.bigInt(MIN_DIFFERENCE, MAX_DIFFERENCE),
});
const record = fc.record({
  v: fc.constant(1),
  t: fc.constant('settlement'),
  net: fc.string({ unit: 'grapheme', maxLength: 40 }),
  seq: whole,
  epoch: whole,
  prev: fc.option(cid),
  entries: fc.array(entry, { maxLength: 40 }),
  stateRoot: bytes,
  ev: fc.array(cid, { maxLength: 30 }),
}) as fc.Arbitrary<SettlementRecord>;

test('any record is encoded as the library encodes it, and lies under the same CID', () => {
  fc.assert(
    fc.property(record, (r) => {
      const library = encode({
        ...r,
        prev: r.prev === null ? null : CID.parse(r.prev),
        ev: r.ev.map((text) => CID.parse(text)),
      });
      expect(Buffer.from(encodeRecord(r)).toString('hex')).toBe(Buffer.from(library).toString('hex'));
      expect(recordCid(r, sha256)).toBe(cidOf('dag-cbor', library).toString());
    }),
  );
});
