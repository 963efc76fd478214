// Commitment and audit sample: fixed by the rules, so that workers, auditors and ledger compute the same.
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { auditIndices, sampleSize } from '#machines/work/audit.ts';
import { commitment } from '#machines/work/commitment.ts';
import { reportDigest } from '#machines/work/report-digest.ts';
import { jobId, jobOf, unitId, unitStart } from '#machines/work/units.ts';
import { u128 } from '#schemas/wire/fields.ts';

const UNIT = `${'ab'.repeat(16)}/7`;
const WORKER = 'cd'.repeat(32);
const bytes = (fill: number, length: number): Uint8Array => new Uint8Array(length).fill(fill);
const shown = { unit: UNIT, attempt: 2, root: bytes(1, 32), output_hash: bytes(2, 32), fuel: 3, salt: bytes(4, 16) };

test('a new worker has 8 sub-units checked, a known one 3, a veteran 2, and never more than there are', () => {
  expect([0, 9, 10, 99, 100, 5_000].map((passed) => sampleSize(passed, 256))).toEqual([8, 8, 3, 3, 2, 2]);
  expect(sampleSize(0, 4)).toBe(4);
});

test('the sample is distinct, ascending, within the unit, and moves with the beacon', () => {
  const of = (n: number) =>
    auditIndices({ beacon: bytes(n, 32), purpose: 'indices', unit: UNIT, attempt: 1 }, 8, 256, sha256);
  for (let n = 0; n < 50; n++) {
    const indices = of(n);
    expect(indices).toEqual(Array.from(new Set(indices)).toSorted((a, b) => a - b));
    expect(indices.length === 8 && indices.every((index) => index >= 0 && index < 256)).toBe(true);
  }
  expect(of(1)).not.toEqual(of(2));
  expect(auditIndices({ beacon: bytes(1, 32), purpose: 'indices', unit: UNIT, attempt: 1 }, 4, 4, sha256)).toEqual([
    0, 1, 2, 3,
  ]);
});

test('the commitment of a known result is what another implementation computes', () => {
  expect(bytesToHex(commitment(WORKER, shown, sha256))).toBe(
    '0a899981ecb14ce7d31a41ab1fbcc128b9679044db1a272338b295ca24412add',
  );
});

test('any other worker, unit, attempt, result, fuel or salt gives another commitment', () => {
  const all = [
    commitment(WORKER, shown, sha256),
    commitment('ce'.repeat(32), shown, sha256),
    commitment(WORKER, { ...shown, unit: `${'ab'.repeat(16)}/8` }, sha256),
    commitment(WORKER, { ...shown, attempt: 3 }, sha256),
    commitment(WORKER, { ...shown, root: bytes(9, 32) }, sha256),
    commitment(WORKER, { ...shown, output_hash: bytes(9, 32) }, sha256),
    commitment(WORKER, { ...shown, fuel: 4 }, sha256),
    commitment(WORKER, { ...shown, salt: bytes(9, 16) }, sha256),
  ];
  expect(new Set(all.map(bytesToHex)).size).toBe(all.length);
});

const computed = [bytes(1, 64), bytes(2, 64)];

test('the report of known results is what another implementation computes, whatever was reported before', () => {
  const known = '3d8547b70f01c8712347cf1098a5183666d16d985f9df43f0da3a39501e9f8bd';
  const report = () => bytesToHex(reportDigest(WORKER, shown, computed, sha256));
  expect(report()).toBe(known);
  reportDigest(
    'ce'.repeat(32),
    shown,
    Array.from({ length: 16 }, () => bytes(9, 64)),
    sha256,
  );
  expect(report()).toBe(known);
});

test('any other auditor, unit, attempt or result, one less or another order give another report', () => {
  const all = [
    reportDigest(WORKER, shown, computed, sha256),
    reportDigest('ce'.repeat(32), shown, computed, sha256),
    reportDigest(WORKER, { ...shown, unit: `${'ab'.repeat(16)}/8` }, computed, sha256),
    reportDigest(WORKER, { ...shown, attempt: 3 }, computed, sha256),
    reportDigest(WORKER, shown, [bytes(1, 64), bytes(3, 64)], sha256),
    reportDigest(WORKER, shown, computed.slice(0, 1), sha256),
    reportDigest(WORKER, shown, computed.toReversed(), sha256),
  ];
  expect(new Set(all.map(bytesToHex)).size).toBe(all.length);
});

test('a job is named by its account and key, a unit by its job and index', () => {
  expect(jobId(WORKER, 'a', sha256)).toMatch(/^[0-9a-f]{32}$/);
  expect(jobId(WORKER, 'a', sha256)).not.toBe(jobId(WORKER, 'b', sha256));
  expect(jobOf(unitId('ab'.repeat(16), 7))).toBe('ab'.repeat(16));
});

test('a unit begins as many units after its job as its index says, through every carry', () => {
  const starts = fc.oneof(
    fc.bigInt({ min: 0n, max: 2n ** 127n }),
    fc.nat(127).map((bits) => 2n ** BigInt(bits) - 1n),
  );
  fc.assert(
    fc.property(starts, fc.nat(64), fc.nat(999_999), (start, unit_log2, index) => {
      const unit = unitId('ab'.repeat(16), index);
      expect(unitStart({ start: u128(start), unit_log2 }, unit)).toEqual(
        u128(start + (BigInt(index) << BigInt(unit_log2))),
      );
    }),
  );
});
