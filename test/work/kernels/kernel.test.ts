// Which units the kernels take, and the tree over a unit's results.
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { isUnit, KERNELS } from '#machines/work/kernels/kernel.ts';
import { noopResults } from '#machines/work/kernels/noop.ts';
import { openSubUnits, unitRoot, verifySubUnit } from '#machines/work/kernels/unit-tree.ts';

const proofOf = (of: readonly Uint8Array[], index: number) => openSubUnits(of, [index])[0]?.[1] ?? [];
const all = Array.from({ length: 256 }, (_, index) => index);
const results = noopResults(2n ** 71n, all);
const others = noopResults(0n, all);

test('a unit is aligned, of a size that the kernel knows, and inside its range', () => {
  const collatz = (start: bigint, unit_log2: number): boolean => isUnit({ kernel: 'collatz/v1', start, unit_log2 });
  expect(collatz(2n ** 71n, 32)).toBe(true);
  expect(collatz(2n ** 20n, 20)).toBe(true);
  expect(collatz(2n ** 88n - 2n ** 40n, 40)).toBe(true);
  expect(collatz(2n ** 71n + 1n, 32)).toBe(false);
  expect(collatz(0n, 20)).toBe(false);
  expect(collatz(2n ** 88n, 20)).toBe(false);
  expect(collatz(2n ** 71n, 19)).toBe(false);
  expect(collatz(2n ** 71n, 41)).toBe(false);
  expect(collatz(2n ** 71n, 32.5)).toBe(false);
  expect(KERNELS.has('other/v1')).toBe(false);
});

test('a no-op result is the hash of kernel, start and index, padded to 64 bytes', () => {
  const input = Buffer.concat([
    Buffer.from('noop/v1'),
    Buffer.from('00000000000000800000000000000000', 'hex'),
    Buffer.from([0, 0, 0, 3]),
  ]);
  const expected = Buffer.concat([createHash('sha256').update(input).digest(), Buffer.alloc(32)]);
  expect(Buffer.from(noopResults(2n ** 71n, [3])[0] ?? [])).toEqual(expected);
});

test('each of 256 sub-units opens with eight hashes, and no other result or place passes', () => {
  const root = unitRoot(results);
  for (const [index, result] of results.entries()) {
    const proof = proofOf(results, index);
    expect(proof.length).toBe(8);
    expect(verifySubUnit('collatz/v1', root, index, result, proof)).toBe(true);
    expect(verifySubUnit('collatz/v1', root, index ^ 1, result, proof)).toBe(false);
    expect(verifySubUnit('collatz/v1', root, index, others[index] ?? result, proof)).toBe(false);
  }
});

test('a result of another length is refused before it is hashed', () => {
  const long = new Uint8Array(65);
  const padded = [long, ...results.slice(1)];
  expect(verifySubUnit('collatz/v1', unitRoot(padded), 0, long, proofOf(padded, 0))).toBe(false);
});
