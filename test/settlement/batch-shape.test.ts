// The quick look at batches must say yes only where the schema does, and to everything that honest nodes send.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isBatchBody, readBatchTx } from '#schemas/settlement/batch-shape.ts';
import { Tx, TxBody } from '#schemas/settlement/transaction.ts';
import type { Result } from '#schemas/wire/codes.ts';
import { MAX_BATCH_ITEMS } from '#schemas/wire/limits.ts';
import { decode, encode } from '#schemas/wire/msgpack.ts';

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const hex = (length: number) =>
  fc.string({ unit: fc.constantFrom(...Array.from('0123456789abcdef')), minLength: length, maxLength: length });
const id = hex(64);
const unit = fc.tuple(hex(32), fc.nat(999_999)).map(([job, index]) => `${job}/${index}`);
const attempt = fc.integer({ min: 1, max: 6 });
const some = <T>(item: fc.Arbitrary<T>, minLength: number) => fc.array(item, { minLength, maxLength: 3 });
const opening = fc.tuple(bytes(64), fc.array(bytes(32), { maxLength: 8 }));
const results = fc
  .record({
    type: fc.constant('results'),
    commits: some(fc.tuple(unit, attempt, bytes(32)), 0),
    reveals: some(
      fc.tuple(unit, attempt, bytes(32), bytes(32), fc.maxSafeNat(), bytes(16), fc.array(bytes(16), { maxLength: 2 })),
      0,
    ),
    opens: some(fc.tuple(unit, attempt, some(opening, 1)), 0),
    reports: some(fc.tuple(unit, attempt, bytes(32)), 0),
  })
  .filter(({ commits, reveals, opens, reports }) => [commits, reveals, opens, reports].some((all) => all.length > 0));
const draws = fc.record({
  type: fc.constant('draw'),
  draws: some(fc.record({ unit, attempt, worker: id }), 1),
});
const job = fc.record({
  type: fc.constant('job.submit'),
  idempotency_key: fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 64 }),
  kernel: fc.constantFrom('collatz/v1', 'noop/v1'),
  start: bytes(16),
  unit_log2: fc.integer({ min: 8, max: 40 }),
  units: fc.integer({ min: 1, max: 100_000 }),
  reward_per_unit_units: fc.bigInt({ min: 1n, max: 1000n }),
});
const body = fc.oneof(results, draws, job);
const tx = fc.record({
  v: fc.constant(1),
  chain: id,
  account: id,
  nonce: fc.maxSafeNat(),
  expiry_height: fc.maxSafeNat(),
  fee_units: fc.bigInt({ min: 0n, max: 1000n }),
  body,
});

/** What a field may be bent into: missing, of another type, out of bounds, of another length. */
const bent = fc.constantFrom<unknown>(
  undefined,
  null,
  '',
  'x',
  -1,
  0,
  1.5,
  7,
  256,
  2 ** 53,
  1n,
  -1n,
  [],
  {},
  new Uint8Array(31),
  new Uint8Array(33),
  [null],
  'A'.repeat(64),
);

/** The value with one part of it bent, or with a field too many: `path` chooses where. */
function bend(value: unknown, path: readonly number[], into: unknown, isExtra: boolean): unknown {
  const [at = 0, ...deeper] = path;
  if (Array.isArray(value) && value.length > 0)
    return value.with(at % value.length, bend(value[at % value.length], deeper, into, isExtra));
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return into;
  if (isExtra && path.length <= 1) return { ...value, extra: into };
  const entries = Object.entries(value);
  const [name, inner] = entries[at % entries.length] ?? ['', undefined];
  return { ...value, [name]: path.length === 0 ? into : bend(inner, deeper, into, isExtra) };
}

/** Without the kind of memory that bytes lie in. */
const bare = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  if (Array.isArray(value)) return value.map(bare);
  return value !== null && typeof value === 'object'
    ? Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, bare(inner)]))
    : value;
};
const present = <T>(got: Result<T>): T => {
  if (!got.ok) throw new Error(got.code);
  return got.value;
};
const partOf = (value: unknown, name: string): unknown =>
  value !== null && typeof value === 'object' ? Reflect.get(value, name) : undefined;

test('every well-formed batch is known at once, alone and in its transaction', () => {
  fc.assert(
    fc.property(tx, (one) => {
      expect(isBatchBody(one.body)).toBe(true);
      expect(bare(readBatchTx(encode(one)))).toEqual(bare(Tx.parse(one)));
    }),
  );
});

test('what the quick look lets pass, the schema lets pass', () => {
  const verdicts = new Set<boolean>();
  fc.assert(
    fc.property(tx, fc.array(fc.nat(9), { maxLength: 7 }), bent, fc.boolean(), (one, path, into, isExtra) => {
      const odd = bend(one, path, into, isExtra);
      const isFine = Tx.safeParse(odd).success;
      verdicts.add(isFine);
      expect(isBatchBody(partOf(odd, 'body'))).toBe(TxBody.safeParse(partOf(odd, 'body')).success);
      expect(readBatchTx(encode(odd)) !== undefined).toBe(isFine);
    }),
    { numRuns: 1_000 },
  );
  expect(verdicts).toEqual(new Set([true, false]));
});

test('bytes that are not exactly such a transaction are left to the schema', () => {
  fc.assert(
    fc.property(tx, fc.nat(), fc.integer({ min: 1, max: 255 }), (one, at, flip) => {
      const bytes = Uint8Array.from(encode(one));
      expect(readBatchTx(bytes.subarray(0, at % bytes.length))).toBeUndefined();
      expect(readBatchTx(Uint8Array.of(...bytes, 0))).toBeUndefined();
      const place = at % bytes.length;
      bytes[place] = (bytes[place] ?? 0) ^ flip;
      const read = readBatchTx(bytes);
      expect(bare(read)).toEqual(read && bare(Tx.parse(present(decode(bytes)))));
    }),
    { numRuns: 1_000 },
  );
});

test('a job under a key that is not ASCII is left to the schema, which lets it pass', () => {
  const [one] = fc.sample(tx, 1);
  const body = { ...fc.sample(job, 1)[0], idempotency_key: 'Maß' };
  expect(isBatchBody(body)).toBe(true);
  expect(Tx.safeParse({ ...one, body }).success).toBe(true);
  expect(readBatchTx(encode({ ...one, body }))).toBeUndefined();
});

test('other transactions are left to the schema', () => {
  const transfer = { type: 'transfer', to: '0'.repeat(64), asset: 'credit', amount_units: 1n };
  expect(TxBody.safeParse(transfer).success).toBe(true);
  expect([transfer, null, 'results', [], { type: 'constructor' }].some(isBatchBody)).toBe(false);
});

test.each([
  [0, false],
  [1, true],
  [MAX_BATCH_ITEMS, true],
  [MAX_BATCH_ITEMS + 1, false],
])('%i results in all, of whatever kinds: well-formed is %s', (count, isFine) => {
  const one = ['0'.repeat(32) + '/0', 1, new Uint8Array(32)];
  const body = {
    type: 'results',
    commits: Array.from({ length: count >> 1 }, () => one),
    reveals: [],
    opens: [],
    reports: Array.from({ length: count - (count >> 1) }, () => one),
  };
  const id = '0'.repeat(64);
  const tx = { v: 1, chain: id, account: id, nonce: 0, expiry_height: 1, fee_units: 0n, body };
  expect([Tx.safeParse(tx).success, isBatchBody(body), readBatchTx(encode(tx)) !== undefined]).toEqual([
    isFine,
    isFine,
    isFine,
  ]);
});
