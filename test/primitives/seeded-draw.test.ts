// The shuffle: every seed gives a permutation, the same everywhere, and all orders are equally likely.
import { sha256 } from '@noble/hashes/sha2.js';
import { expect, test } from 'vitest';
import { seededOrder } from '#machines/primitives/seeded-draw.ts';

const seedOf = (n: number): Uint8Array => sha256(new TextEncoder().encode(`seed ${n}`));

test('every seed gives each index once', () => {
  for (let n = 0; n < 50; n++) {
    const order = [...seededOrder(seedOf(n), n, sha256)];
    expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
  }
});

test('the order of one seed is what another implementation computes', () => {
  expect([...seededOrder(seedOf(1), 12, sha256)]).toEqual([4, 10, 8, 6, 3, 1, 5, 9, 0, 11, 2, 7]);
});

test('all 24 orders of four are equally likely: chi-square below the 0.1 % limit of 23 degrees of freedom', () => {
  const counts = new Map<string, number>();
  const draws = 24_000;
  for (let n = 0; n < draws; n++) {
    const order = [...seededOrder(seedOf(n), 4, sha256)].join('');
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  const expected = draws / 24;
  const chi = Array.from(counts.values()).reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  expect(counts.size).toBe(24);
  expect(chi).toBeLessThan(49.73);
});
