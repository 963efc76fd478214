// The rules of a settlement record, each broken once.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  checkNextRecord,
  checkRecord,
  nothingSettled,
  parseRecord,
  recordOf,
  settle,
  sumsByAsset,
} from '#machines/settlement/record-rules.ts';
import { applySettlement, type SettledBalances, settledRoot } from '#machines/settlement/settled-balances.ts';
import { sha256 } from '#runtime/archive/cid.ts';
import type { SettlementEntry } from '#schemas/settlement/state.ts';
import { accept } from '#schemas/wire/codes.ts';
import { at, entry, NETWORK, PAYMENTS, rowsOf } from '../archive/network.ts';

const rows = rowsOf(PAYMENTS);
const record = recordOf(at(rows, 0), NETWORK, null);
const place = { net: NETWORK, seq: 0, prev: null };
/** A record of these entries whose root is right, so that only the rule in question breaks. */
const paying = (entries: readonly SettlementEntry[]) => ({
  ...record,
  entries,
  stateRoot: settledRoot(applySettlement(new Map(), entries), sha256),
});

test('a chain of records passes and gives the settled balances, also where one returns to zero', () => {
  const settled = nothingSettled(sha256);
  const payments = [...PAYMENTS, [entry('credit', 'escrow:j2', 7n), entry('credit', 'worker-b', -7n)]];
  for (const row of rowsOf(payments)) {
    const step = checkRecord(recordOf(row, NETWORK, 'cid'), settled);
    if (!step.ok) throw new Error(step.code);
    settle(settled, step.value);
  }
  const whole = payments.reduce<SettledBalances>(applySettlement, new Map());
  expect(settled.balances).toEqual(whole);
  expect(settled.balances.get('credit/worker-a')).toBe(80n + 2n ** 60n);
  expect(settled.balances.has('credit/escrow:j2')).toBe(false);
});

test.each([
  ['RECORD_NOT_ZERO_SUM', paying([entry('credit', 'a', -5n), entry('credit', 'b', 6n)])],
  ['RECORD_NOT_ZERO_SUM', paying([entry('credit', 'a', -5n), entry('stake', 'a', 5n)])],
  ['RECORD_UNSORTED', paying([entry('credit', 'b', -5n), entry('credit', 'a', 5n)])],
  ['RECORD_UNSORTED', paying([entry('stake', 'a', 0n), entry('credit', 'a', 0n)])],
  ['RECORD_ACCOUNT_DUPLICATE', paying([entry('credit', 'a', -5n), entry('credit', 'a', 5n)])],
  ['RECORD_OUT_OF_RANGE', paying([entry('credit', 'a', -(2n ** 63n)), entry('credit', 'b', 2n ** 63n)])],
  [
    'RECORD_OUT_OF_RANGE',
    paying([entry('credit', 'a', -(2n ** 63n) - 1n), entry('credit', 'b', 2n ** 63n - 1n), entry('credit', 'c', 2n)]),
  ],
  ['RECORD_MALFORMED', { ...record, entries: [entry('credit', 'a\0', -5n), entry('credit', 'b', 5n)] }],
  ['RECORD_MALFORMED', { ...record, entries: [entry('credit', 'a', -5n), entry('credit', 'b'.repeat(200), 5n)] }],
  ['RECORD_ROOT_MISMATCH', { ...record, stateRoot: new Uint8Array(32) }],
])('%s', (code, broken) => {
  expect(checkRecord(broken, nothingSettled(sha256))).toMatchObject({ ok: false, code });
});

test('a record with a wrong root leaves the settled balances as they were', () => {
  const settled = nothingSettled(sha256);
  const other = paying([entry('credit', 'a', -5n), entry('credit', 'c', 5n)]);
  expect(checkRecord({ ...other, stateRoot: record.stateRoot }, settled).ok).toBe(false);
  expect(checkRecord(record, settled).ok).toBe(true);
});

test('the largest 64-bit amounts pass', () => {
  const entries = [entry('credit', 'a', -(2n ** 63n)), entry('credit', 'b', 2n ** 63n - 1n), entry('credit', 'c', 1n)];
  expect(checkRecord(paying(entries), nothingSettled(sha256)).ok).toBe(true);
});

test.each([
  ['RECORD_NETWORK_MISMATCH', { net: 'other-net' }],
  ['RECORD_SEQ_MISMATCH', { seq: 1 }],
  ['RECORD_PREV_MISMATCH', { prev: 'bafyother' }],
])('%s', (code, other) => {
  expect(checkNextRecord(accept(record), { ...place, ...other }, nothingSettled(sha256))).toMatchObject({
    ok: false,
    code,
  });
});

test.each([
  ['RECORD_FLOAT', { entries: [{ a: 'credit', k: 'x', d: 0.5 }] }],
  ['RECORD_MALFORMED', { entries: [{ a: 'gold', k: 'x', d: 1 }] }],
  ['RECORD_MALFORMED', { entries: [{ a: 'credit', k: 'x', d: '1' }] }],
  ['RECORD_MALFORMED', { entries: [{ a: 'credit', k: 'x', d: 1, more: 1 }] }],
  ['RECORD_MALFORMED', { entries: {} }],
  ['RECORD_MALFORMED', { v: 2 }],
  ['RECORD_MALFORMED', { seq: -1 }],
  ['RECORD_MALFORMED', { epoch: 0.5 }],
  ['RECORD_MALFORMED', { prev: undefined }],
  ['RECORD_MALFORMED', { stateRoot: new Uint8Array(31) }],
  ['RECORD_MALFORMED', { ev: ['b', 'a'] }],
  ['RECORD_MALFORMED', { ev: ['a', 'a'] }],
  ['RECORD_MALFORMED', { extra: 1 }],
])('%s when the data holds %o', (code, change) => {
  expect(parseRecord({ ...record, ...change })).toMatchObject({ ok: false, code });
});

test('no data at all crashes the rules', () => {
  fc.assert(
    fc.property(fc.anything(), (value) => {
      expect(parseRecord(value).ok).toBe(false);
    }),
  );
});

test('entries that move money between accounts always sum to zero and pass', () => {
  const transfers = fc.array(
    fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 5 }), fc.bigInt(0n, 2n ** 40n)),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(transfers, (moves) => {
      const sums = new Map<string, bigint>();
      for (const [from, to, amount] of moves) {
        sums.set(`acc${from}`, (sums.get(`acc${from}`) ?? 0n) - amount);
        sums.set(`acc${to}`, (sums.get(`acc${to}`) ?? 0n) + amount);
      }
      const entries = Array.from(sums, ([k, d]) => entry('credit', k, d)).toSorted((x, y) => (x.k < y.k ? -1 : 1));
      expect(checkRecord(paying(entries), nothingSettled(sha256)).ok).toBe(true);
      expect(sumsByAsset(entries).get('credit') ?? 0n).toBe(0n);
    }),
  );
});
