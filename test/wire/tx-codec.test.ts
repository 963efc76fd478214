// Transactions on the wire: round trip, stable ids, and a code for every bad input.
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Tx } from '#schemas/settlement/transaction.ts';
import { decodeTx, encodeTx, txBytes, txId, txSignBytes } from '#schemas/settlement/tx-codec.ts';
import { MAX_AMOUNT, MAX_TX_BYTES } from '#schemas/wire/limits.ts';
import { encode } from '#schemas/wire/msgpack.ts';
import { TAG } from '#schemas/wire/tags.ts';

const SIGNATURE = new Uint8Array(64).fill(9);
const ID = 'cd'.repeat(32);
const TX: Tx = {
  v: 1,
  chain: ID,
  account: ID,
  nonce: 0,
  expiry_height: 100,
  fee_units: 0n,
  body: { type: 'transfer', to: ID, asset: 'credit', amount_units: 5n },
};

const id = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((b) => Buffer.from(b).toString('hex'));
const blob = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const amount = fc.bigInt({ min: 1n, max: MAX_AMOUNT });
const unit = fc.tuple(id, fc.nat(99_999)).map(([job, index]) => `${job.slice(0, 32)}/${index}`);
const attempt = fc.integer({ min: 1, max: 6 });
const body: fc.Arbitrary<Tx['body']> = fc.oneof(
  fc.record({
    type: fc.constant('transfer' as const),
    to: id,
    asset: fc.constantFrom('credit' as const, 'stake' as const),
    amount_units: amount,
  }),
  fc.record({
    type: fc.constant('job.submit' as const),
    idempotency_key: fc.string({ minLength: 1, maxLength: 16 }),
    kernel: fc.constantFrom('collatz/v1' as const, 'noop/v1' as const),
    start: blob(16),
    unit_log2: fc.integer({ min: 8, max: 40 }),
    units: fc.integer({ min: 1, max: 100_000 }),
    reward_per_unit_units: amount,
  }),
  fc.record({
    type: fc.constant('results' as const),
    commits: fc.array(fc.tuple(unit, attempt, blob(32)), { minLength: 1, maxLength: 9 }),
    reveals: fc.array(
      fc.tuple(unit, attempt, blob(32), blob(32), fc.nat(), blob(16), fc.array(blob(16), { maxLength: 2 })),
      {
        maxLength: 3,
      },
    ),
    opens: fc.array(
      fc.tuple(
        unit,
        attempt,
        fc.array(fc.tuple(blob(64), fc.array(blob(32), { maxLength: 2 })), { minLength: 1, maxLength: 2 }),
      ),
      {
        maxLength: 3,
      },
    ),
    reports: fc.array(fc.tuple(unit, attempt, blob(32)), { maxLength: 9 }),
  }),
);
const tx: fc.Arbitrary<Tx> = fc.record({
  v: fc.constant(1 as const),
  chain: id,
  account: id,
  nonce: fc.maxSafeInteger().map(Math.abs),
  expiry_height: fc.maxSafeInteger().map(Math.abs),
  fee_units: fc.bigInt({ min: 0n, max: MAX_AMOUNT }),
  body,
});

const wire = (value: unknown): Uint8Array => encodeTx(encode(value), SIGNATURE);
const bare = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  if (Array.isArray(value)) return value.map(bare);
  return value !== null && typeof value === 'object'
    ? Object.fromEntries(Object.entries(value).map(([k, v]) => [k, bare(v)]))
    : value;
};
const outcome = (bytes: Uint8Array): string => {
  const got = decodeTx(bytes);
  return got.ok ? 'read' : got.code;
};

test('a transaction comes back as it was, with the signature and the very bytes that it signs', () => {
  fc.assert(
    fc.property(tx, (t) => {
      const bytes = txBytes(t);
      const got = decodeTx(encodeTx(bytes, SIGNATURE));
      if (!got.ok) throw new Error(`${got.code} ${got.detail}`);
      expect(bare(got.value.tx)).toEqual(bare(t));
      expect(got.value.signature).toEqual(SIGNATURE);
      expect(bare(got.value.bytes)).toEqual(bare(bytes));
      expect(Buffer.from(txSignBytes(bytes))).toEqual(Buffer.concat([TAG.tx, bytes]));
    }),
  );
});

test('the bytes of version 1 never change', () => {
  expect(Buffer.from(txBytes(TX)).toString('hex')).toBe(
    '87a17601a5636861696ed94063646364636463646364636463646364636463646364636463646364636463646364636463646364636463646364636463646364636463646364636463646364a76163636f756e74d94063646364636463646364636463646364636463646364636463646364636463646364636463646364636463646364636463646364636463646364636463646364a56e6f6e636500ad6578706972795f68656967687464a96665655f756e697473d30000000000000000a4626f647984a474797065a87472616e73666572a2746fd94063646364636463646364636463646364636463646364636463646364636463646364636463646364636463646364636463646364636463646364636463646364a56173736574a6637265646974ac616d6f756e745f756e697473d30000000000000005',
  );
});

test('the id is SHA-256 over tag and bytes: another signature is the same transaction, another byte is not', () => {
  const bytes = txBytes(TX);
  const expected = createHash('sha256').update(txSignBytes(bytes)).digest('hex');
  expect(txId(encodeTx(bytes, SIGNATURE))).toBe(expected);
  expect(txId(encodeTx(bytes, new Uint8Array(64)))).toBe(expected);
  expect(txId(encodeTx(txBytes({ ...TX, nonce: 1 }), SIGNATURE))).not.toBe(expected);
});

test.each([
  ['no bytes', new Uint8Array(0), 'TX_MALFORMED'],
  ['a signature alone', SIGNATURE, 'TX_MALFORMED'],
  ['one byte above the limit', new Uint8Array(MAX_TX_BYTES + 1), 'MESSAGE_TOO_LARGE'],
  ['no MessagePack', encodeTx(Uint8Array.of(0xc1), SIGNATURE), 'TX_MALFORMED'],
  ['a byte after the end', Uint8Array.of(...wire(TX), 0), 'TX_MALFORMED'],
  ['a list', wire([1, 2, 3]), 'SCHEMA_MISMATCH'],
  ['version 2', wire({ ...TX, v: 2 }), 'SCHEMA_MISMATCH'],
  ['an unknown field', wire({ ...TX, memo: 'hello' }), 'SCHEMA_MISMATCH'],
  ['an unknown body', wire({ ...TX, body: { type: 'mint', amount_units: 1n } }), 'SCHEMA_MISMATCH'],
  ['an unknown field in the body', wire({ ...TX, body: { ...TX.body, memo: 1 } }), 'SCHEMA_MISMATCH'],
  ['an amount that is a number', wire({ ...TX, body: { ...TX.body, amount_units: 5 } }), 'SCHEMA_MISMATCH'],
  ['an amount of zero', wire({ ...TX, body: { ...TX.body, amount_units: 0n } }), 'SCHEMA_MISMATCH'],
  ['a negative fee', wire({ ...TX, fee_units: -1n }), 'SCHEMA_MISMATCH'],
  ['a negative nonce', wire({ ...TX, nonce: -1 }), 'SCHEMA_MISMATCH'],
  ['an account in capitals', wire({ ...TX, account: 'CD'.repeat(32) }), 'SCHEMA_MISMATCH'],
])('refused: %s', (_name, bytes, code) => {
  expect(decodeTx(bytes)).toMatchObject({ ok: false, code });
});

test('random bytes and flipped bits are read or refused with a code, never thrown', () => {
  const flipped = fc.tuple(tx, fc.nat(), fc.nat(7)).map(([t, at, bit]) => {
    const bytes = encodeTx(txBytes(t), SIGNATURE);
    bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ (1 << bit);
    return bytes;
  });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 400 }), flipped), (bytes) => {
      expect(['read', 'TX_MALFORMED', 'SCHEMA_MISMATCH']).toContain(outcome(bytes));
    }),
    { numRuns: 3_000 },
  );
});
