// Splitting money: nothing is minted, nothing is lost, nobody is favoured beyond one minor unit.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { allocate } from '#machines/primitives/allocate.ts';
import { AssertionError } from '#machines/primitives/assert.ts';

const weights = fc
  .uniqueArray(fc.record({ key: fc.string({ minLength: 1 }), weight: fc.bigInt(0n, 2n ** 40n) }), {
    selector: (w) => w.key,
    minLength: 1,
  })
  .filter((list) => list.some(({ weight }) => weight > 0n));

test('the parts sum to the total, and each is within one unit of its exact share', () => {
  fc.assert(
    fc.property(fc.bigInt(0n, 2n ** 62n), weights, (total, list) => {
      const shares = allocate(total, list);
      const sum = list.reduce((all, { weight }) => all + weight, 0n);
      expect(shares.reduce((all, { amount_units }) => all + amount_units, 0n)).toBe(total);
      for (const [i, { amount_units }] of shares.entries()) {
        const exact = total * (list[i]?.weight ?? 0n);
        expect(amount_units * sum > exact - sum && amount_units * sum < exact + sum).toBe(true);
      }
    }),
  );
});

test('a weight of 0 gets nothing', () => {
  expect(
    allocate(7n, [
      { key: 'a', weight: 0n },
      { key: 'b', weight: 3n },
    ]),
  ).toEqual([
    { key: 'a', amount_units: 0n },
    { key: 'b', amount_units: 7n },
  ]);
});

test('a tie goes to the lower key, whatever the order of the list', () => {
  const list = [
    { key: 'b', weight: 1n },
    { key: 'a', weight: 1n },
  ];
  expect(allocate(1n, list).find(({ amount_units }) => amount_units === 1n)?.key).toBe('a');
  expect(allocate(1n, list.toReversed()).find(({ amount_units }) => amount_units === 1n)?.key).toBe('a');
});

test('a negative amount and weights that are all 0 are bugs', () => {
  expect(() => allocate(-1n, [{ key: 'a', weight: 1n }])).toThrow(AssertionError);
  expect(() => allocate(1n, [{ key: 'a', weight: 0n }])).toThrow(AssertionError);
});
