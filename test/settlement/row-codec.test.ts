// Rows in bytes: one encoding for each row, read back as it was, and readable by any MessagePack reader.
import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { expect, test } from 'vitest';
import { encodeRow, ROW_CODECS } from '#schemas/settlement/row-codec.ts';
import { type RowValue, RowWriter } from '#schemas/settlement/row-writer.ts';
import type { SettlementRow, UnitRow } from '#schemas/settlement/state.ts';

const written = (value: RowValue): Buffer => {
  const writer = new RowWriter();
  writer.value(value);
  return Buffer.from(writer.taken());
};
const packr = new Packr({ useRecords: false, variableMapSize: true });

const ascii = fc.string({
  unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
  maxLength: 300,
});
const { value: values } = fc.letrec<{ value: RowValue }>((tie) => ({
  value: fc.oneof(
    fc.maxSafeNat(),
    fc.nat(300),
    fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
    ascii,
    fc.uint8Array({ maxLength: 300 }),
    fc.array(tie('value'), { maxLength: 20 }),
  ),
}));

test('what is written is MessagePack: an independent writer gives the same bytes where it has the same choice', () => {
  const plain = fc.oneof(fc.nat(2 ** 32 - 1), ascii, fc.array(fc.nat(70_000), { maxLength: 40 }));
  fc.assert(
    fc.property(plain, (value) => {
      expect(written(value)).toEqual(Buffer.from(packr.pack(value)));
    }),
  );
});

test('any value is read back by an independent reader as it was', () => {
  const unpacked = (value: RowValue): unknown => packr.unpack(written(value));
  const plain = (value: unknown): unknown =>
    value instanceof Uint8Array ? Buffer.from(value).toString('hex') : Array.isArray(value) ? value.map(plain) : value;
  fc.assert(
    fc.property(values, (value) => {
      expect(plain(unpacked(value))).toEqual(plain(value));
    }),
  );
});

test('a value longer than the buffer makes it grow', () => {
  const long = new Uint8Array(200_000).fill(7);
  expect(packr.unpack(written([long, 5]))).toEqual([Buffer.from(long), 5]);
});

test('fractions, negative numbers and text beyond ASCII are bugs', () => {
  for (const value of [0.5, -1, 2 ** 53, Number.NaN, 'é']) expect(() => written(value)).toThrow(RangeError);
});

test('rows with lists in them are read back field by field', () => {
  const settlement: SettlementRow = {
    seq: 3,
    epoch: 0,
    first_height: 4,
    last_height: 9,
    state_root: new Uint8Array(32).fill(1),
    jobs: ['j'],
    cid: '',
    entries: [
      { a: 'credit', k: 'escrow:j', d: -5n },
      { a: 'credit', k: 'w', d: 5n },
    ],
  };
  expect(ROW_CODECS.settlements.decode(encodeRow(ROW_CODECS.settlements, settlement))).toEqual(settlement);
  const unit: UnitRow = {
    unit: 'j/0',
    phase: 'auditing',
    attempt: 1,
    draw_height: 5,
    audit_height: 8,
    drawable_ms: 1_795_000_000_000,
    worker: 'w',
    auditors: ['a', 'b'],
    deadline_ms: 1_795_000_030_000,
    commitment: new Uint8Array(32).fill(2),
    committed_height: 7,
    root: new Uint8Array(32).fill(3),
    audit_indices: [0, 255],
    opened: [new Uint8Array(64).fill(4)],
    reports: [new Uint8Array(32).fill(5), new Uint8Array(0)],
    excluded: [],
    barred_count: 0,
  };
  expect(ROW_CODECS.tasks.decode(encodeRow(ROW_CODECS.tasks, unit))).toEqual(unit);
  const dispute = { votes: [{ validator: 'v', index: 3, result: new Uint8Array(64).fill(6) }] };
  expect(ROW_CODECS.disputes.decode(encodeRow(ROW_CODECS.disputes, dispute))).toEqual(dispute);
});
