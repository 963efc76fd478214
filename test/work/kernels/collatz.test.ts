// The exact Collatz rules in bigint: published excursions, and a real smaller witness for every number that the sieve skips.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkCollatz, collatzStep, readCollatzResult, writeCollatzResult } from '#machines/work/kernels/collatz.ts';
import { sieve } from '#machines/work/kernels/collatz-reference.ts';

/** Values of the path of `n`, up to `steps` of them. */
function path(n: bigint, steps: number): bigint[] {
  const values = [n];
  for (let value = n; values.length < steps; ) values.push((value = collatzStep(value)));
  return values;
}

test('27 climbs to 9232 and comes below itself', () => {
  expect(checkCollatz(27n)).toEqual({ descends: true, cycles: false, steps: 59, peak: 9232n / 2n });
});

test('every number from 2 to 20,000 comes below itself', () => {
  for (let n = 2n; n <= 20_000n; n++) expect(checkCollatz(n).descends).toBe(true);
});

test('a number that comes back to itself is a cycle, and too few steps decide nothing', () => {
  expect(checkCollatz(1n)).toMatchObject({ descends: false, cycles: true, steps: 2 });
  expect(checkCollatz(27n, 58)).toMatchObject({ descends: false, cycles: false, steps: 58 });
});

test('a result survives writing and reading', () => {
  const result = {
    sift_sum: 2n ** 64n - 1n,
    walk_sum: 7n,
    peak: 2n ** 127n + 5n,
    peak_offset: 2n ** 32n - 1n,
    candidates_count: 2 ** 32 - 1,
    after_32_count: 4,
    after_48_count: 3,
    walks_count: 2,
    jumps_count: 9,
    suspects_count: 1,
  };
  expect(readCollatzResult(writeCollatzResult(result))).toEqual(result);
});

test('every number that the sieve skips has a smaller witness on whose path hers meets', () => {
  const number = fc.oneof(
    fc.bigInt(2n ** 20n, 2n ** 24n),
    fc.bigInt(2n ** 71n, 2n ** 72n),
    fc.bigInt(2n ** 99n, 2n ** 100n),
  );
  fc.assert(
    fc.property(number, fc.integer({ min: 6, max: 26 }), (n, depth) => {
      const left = sieve(n, depth);
      if (!('witness' in left)) return;
      expect(left.witness).toBeLessThan(n);
      expect(left.witness).toBeGreaterThan(0n);
      const mine = new Set(path(n, 200));
      expect(path(left.witness, 200).some((value) => mine.has(value))).toBe(true);
    }),
    { numRuns: 3_000 },
  );
});

test('each kind of witness occurs, and what the sieve leaves is where the path stands', () => {
  const base = 2n ** 71n;
  const kinds = new Map<string, number>();
  for (let n = base; n < base + 20_000n; n++) {
    const left = sieve(n, 18);
    const kind = 'witness' in left ? kindOf(n, left.witness) : left.value === path(n, 19)[18] ? 'none' : 'astray';
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  expect([...kinds.keys()].sort()).toEqual(['joins', 'leads here', 'none', 'on the way']);
});

function kindOf(n: bigint, witness: bigint): string {
  if (path(n, 60).includes(witness)) return 'on the way';
  return path(witness, 5).includes(n) ? 'leads here' : 'joins';
}
