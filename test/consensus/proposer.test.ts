// Who proposes: everybody as often as it has seats, never twice in a row where that can be helped, in an order nobody chooses.
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { proposerOf, proposerTable } from '#machines/consensus/proposer.ts';
import type { Membership } from '#schemas/consensus/types.ts';
import { MAX_SET_POWER } from '#schemas/wire/limits.ts';
import { membershipOf, validatorSet } from './network.ts';

const seedOf = (i: number): string => createHash('sha256').update(`seed ${i}`).digest('hex');
const withPowers = (powers: readonly number[], seed = 0, first_height = 1): Membership => ({
  ...membershipOf(validatorSet(powers.length).map((validator, i) => ({ ...validator, power: powers[i] ?? 0 }))),
  proposer_seed: seedOf(seed),
  first_height,
});
const sum = (powers: readonly number[]): number => powers.reduce((total, power) => total + power, 0);
const powers = fc
  .array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 40 })
  .filter((all) => sum(all) <= MAX_SET_POWER);

test('in one run of the table each member proposes once for each of its seats', () => {
  fc.assert(
    fc.property(powers, fc.nat(1_000), fc.integer({ min: 1, max: 2 ** 40 }), (all, seed, first_height) => {
      const membership = withPowers(all, seed, first_height);
      const start = first_height + seed;
      const turns = Array.from({ length: sum(all) }, (_, i) => proposerOf(membership, start + i, 0));
      expect(all.map((_, member) => turns.filter((turn) => turn === member).length)).toEqual(all);
    }),
  );
});

test('neighbours differ, at the wrap too, wherever no member has more than half of the seats', () => {
  const tight = fc
    .array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 8 })
    .map((others) => [sum(others), ...others])
    .filter((all) => sum(all) <= MAX_SET_POWER);
  fc.assert(
    fc.property(fc.oneof(powers, tight), fc.nat(1_000), (all, seed) => {
      fc.pre(2 * Math.max(...all) <= sum(all));
      const table = proposerTable(withPowers(all, seed));
      expect(table.filter((member, i) => member === table[(i + 1) % table.length])).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test('the next round of a height, and the next height of a round, have the same proposer', () => {
  const membership = withPowers([3, 1, 2, 2], 5, 100);
  for (let i = 0; i < 20; i++) expect(proposerOf(membership, 100 + i, 1)).toBe(proposerOf(membership, 101 + i, 0));
});

test('the seed decides the order, and each member leads first for its share of the seeds', () => {
  const all = [4, 2, 1, 1];
  const firsts = Array.from({ length: 2_000 }, (_, seed) => proposerOf(withPowers(all, seed), 1, 0));
  const shares = all.map((_, member) => firsts.filter((first) => first === member).length / firsts.length);
  // Half, a quarter, an eighth, an eighth; six standard deviations are 0.07.
  shares.forEach((share, member) => expect(Math.abs(share - (all[member] ?? 0) / 8)).toBeLessThan(0.07));
});

test('a member with more than half of the seats follows itself, and the others still have their turns', () => {
  const table = proposerTable(withPowers([5, 1, 1]));
  expect(table.toSorted((a, b) => a - b)).toEqual([0, 0, 0, 0, 0, 1, 2]);
});
