// Quorums intersect: two decide on a common correct validator, and a skip quorum holds one.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { maxFaulty, quorum, skipQuorum } from '#machines/primitives/quorum.ts';

const total = fc.integer({ min: 1, max: 100_000_000 });

const always = (rule: (n: number) => boolean): void =>
  fc.assert(
    fc.property(total, (n) => {
      expect(rule(n)).toBe(true);
    }),
  );

test('a quorum is more than two thirds, and the least such power', () => {
  always((n) => 3 * quorum(n) > 2 * n && 3 * (quorum(n) - 1) <= 2 * n);
  expect([1, 2, 3, 4, 6, 7, 9, 10, 31].map(quorum)).toEqual([1, 2, 3, 3, 5, 5, 7, 7, 21]);
});

test('two quorums share more power than may be faulty', () => {
  expect.hasAssertions();
  always((n) => 2 * quorum(n) - n > maxFaulty(n));
});

test('a skip quorum is more than may be faulty, and without it no quorum remains', () => {
  expect.hasAssertions();
  always((n) => skipQuorum(n) > maxFaulty(n) && n - skipQuorum(n) < quorum(n));
});

test('what is correct suffices for a quorum', () => {
  expect.hasAssertions();
  always((n) => n - maxFaulty(n) >= quorum(n));
});
