// The strict decoder: what we encode comes back the same, and no bytes at all make it throw or answer without a code.
import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { MAX_MESSAGE_BYTES, MAX_MESSAGE_DEPTH } from '#schemas/wire/limits.ts';
import { decode, decodeBody, encode } from '#schemas/wire/msgpack.ts';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
const key = fc
  .string({ unit: 'grapheme', maxLength: 12 })
  .filter((text) => text !== '__proto__' && text.isWellFormed());
const text = fc.string({ unit: 'grapheme', maxLength: 300 }).filter((s) => s.isWellFormed());
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom(null, true, false),
    fc.maxSafeInteger().map((n) => n + 0),
    fc.integer({ min: -200, max: 70_000 }),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    text,
    fc.uint8Array({ maxLength: 300 }),
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(key, tie('value'), { maxKeys: 20, noNullPrototype: true }),
  ),
}));

/** Buffers and null prototypes aside, the value itself. */
const plain = (v: unknown): unknown => {
  if (v instanceof Uint8Array) return Uint8Array.from(v);
  if (Array.isArray(v)) return v.map(plain);
  return v !== null && typeof v === 'object' ? Object.fromEntries(Object.entries(v).map(([k, x]) => [k, plain(x)])) : v;
};

test('decode(encode(value)) is the value, numbers and bigints kept apart', () => {
  fc.assert(
    fc.property(value, (v) => {
      const got = decode(encode(v));
      expect(got.ok && plain(got.value)).toEqual(plain(v));
    }),
    { numRuns: 500 },
  );
});

test('what it accepts is what the library itself reads', () => {
  const library = new Packr({ useRecords: false, int64AsType: 'bigint' });
  fc.assert(
    fc.property(value, (v) => {
      const bytes = encode(v);
      const got = decode(bytes);
      expect(got.ok && plain(got.value)).toEqual(plain(library.decode(bytes)));
    }),
  );
});

const outcome = (bytes: Uint8Array): string => {
  const got = decode(bytes);
  return got.ok ? 'read' : got.code;
};

test('random bytes and flipped bits are read or refused, never thrown', () => {
  const flipped = fc.tuple(value, fc.nat(), fc.nat(7)).map(([v, at, bit]) => {
    const bytes = Uint8Array.from(encode(v));
    bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ (1 << bit);
    return bytes;
  });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), flipped), (bytes) => {
      expect(['read', 'BODY_MALFORMED']).toContain(outcome(bytes));
    }),
    { numRuns: 5_000 },
  );
});

test('a message cut short or with bytes after its end is refused', () => {
  fc.assert(
    fc.property(value, fc.nat(), (v, cut) => {
      const bytes = encode(v);
      expect(decode(bytes.subarray(0, cut % bytes.length)).ok).toBe(false);
      expect(decode(Uint8Array.of(...bytes, 0xc0)).ok).toBe(false);
    }),
  );
});

const nested = (depth: number): Uint8Array => new Uint8Array(depth + 1).fill(0x91, 0, depth);

test.each([
  ['empty', ''],
  ['unused byte c1', 'c1'],
  ['fixed extension', 'd40000'],
  ['timestamp extension', 'd6ff00000000'],
  ['record extension', 'd472405101'],
  ['extension 8', 'c7017000'],
  ['float 32', 'ca3f800000'],
  ['float that is no whole number', 'cb3ff8000000000000'],
  ['NaN', 'cb7ff8000000000000'],
  ['infinity', 'cb7ff0000000000000'],
  ['minus zero', 'cb8000000000000000'],
  ['float above 2^53', 'cb4350000000000000'],
  ['array of 4,294,967,295', 'ddffffffff'],
  ['array of 33,554,432', 'dd02000000'],
  ['map of 4,294,967,295', 'dfffffffff'],
  ['map of more pairs than bytes', 'de000201c0c0'],
  ['string of 4 GiB', 'dbffffffff'],
  ['binary of 4 GiB', 'c6ffffffff'],
  ['equal keys', '82a16101a16102'],
  ['equal keys, one in the long form', '82a16101d9016102'],
  ['__proto__ as key', '81a95f5f70726f746f5f5f80'],
  ['number as key', '810102'],
  ['nil as key', '81c002'],
  ['overlong UTF-8', 'a2c080'],
  ['surrogate in UTF-8', 'a3eda080'],
  ['cut UTF-8', 'a1c3'],
  ['two values', '0101'],
])('refused: %s', (_name, input) => {
  expect(decode(hex(input))).toMatchObject({ ok: false, code: 'BODY_MALFORMED' });
});

test('depth is bounded: a megabyte of nested lists is refused without recursing', () => {
  expect(decode(nested(MAX_MESSAGE_DEPTH)).ok).toBe(true);
  expect(decode(nested(MAX_MESSAGE_DEPTH + 1)).ok).toBe(false);
  expect(decode(nested(MAX_MESSAGE_BYTES)).ok).toBe(false);
});

test('a body must be of its schema, field by field', () => {
  const schema = z.strictObject({ a: z.int(), b: z.bigint() });
  expect(decodeBody(schema, encode({ a: 1, b: 2n }))).toEqual({ ok: true, value: { a: 1, b: 2n } });
  expect(decodeBody(schema, encode({ a: 1, b: 2 }))).toMatchObject({
    code: 'SCHEMA_MISMATCH',
    detail: 'b invalid_type',
  });
  expect(decodeBody(schema, encode({ a: 1, b: 2n, c: 0 }))).toMatchObject({ code: 'SCHEMA_MISMATCH' });
  expect(decodeBody(schema, encode({ a: 1 }))).toMatchObject({ code: 'SCHEMA_MISMATCH' });
  expect(decodeBody(schema, hex('c1'))).toMatchObject({ code: 'BODY_MALFORMED' });
});
