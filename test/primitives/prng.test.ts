// The generator behind every schedule: fixed numbers, fair ranges, separate streams.
import { expect, test } from 'vitest';
import { createPrng } from '#machines/primitives/prng.ts';

test('a seed gives the same numbers for ever', () => {
  const prng = createPrng(42);
  expect([prng.next(), prng.next(), prng.next()]).toEqual([3011021589, 3960382089, 1547270628]);
});

test('high bits of the seed and the stream count', () => {
  const first = (seed: number, stream?: number) => createPrng(seed, stream).next();
  expect(new Set([first(1), first(1 + 2 ** 32), first(1, 1), first(2)]).size).toBe(4);
});

test('below and between reach every number of their range and nothing else', () => {
  const prng = createPrng(7);
  const seen = new Map<number, number>();
  for (let i = 0; i < 6_000; i++) {
    const n = prng.between(3, 8);
    seen.set(n, (seen.get(n) ?? 0) + 1);
  }
  expect([...seen.keys()].toSorted((a, b) => a - b)).toEqual([3, 4, 5, 6, 7, 8]);
  for (const count of seen.values()) expect(Math.abs(count - 1_000)).toBeLessThan(150);
});

test('chance of 0 never happens and of 1,024 always', () => {
  const prng = createPrng(9);
  for (let i = 0; i < 2_000; i++) {
    expect(prng.chance(0)).toBe(false);
    expect(prng.chance(1_024)).toBe(true);
  }
});
