// Splitting money: whole minor units, nothing minted, nothing lost.
import { assert } from './assert.ts';

/** Who takes part, and with what share; a weight of 0 gets nothing. */
export type Weight = { readonly key: string; readonly weight: bigint };
export type Share = { readonly key: string; readonly amount_units: bigint };

/**
 * Split `total_units` by weight, largest remainder first, ties by key; the parts sum to `total_units`.
 *
 * @param total_units at least 0
 * @param weights unique keys, no weight below 0, not all 0; shares come back in the same order
 */
export function allocate(total_units: bigint, weights: readonly Weight[]): readonly Share[] {
  const sum = weights.reduce((all, { weight }) => all + weight, 0n);
  assert(total_units >= 0n && sum > 0n, 'a split needs an amount of at least 0 and a positive weight');
  const parts = weights.map(({ key, weight }) => {
    assert(weight >= 0n, `the weight of ${key} is below 0`);
    return { key, floor: (total_units * weight) / sum, remainder: (total_units * weight) % sum };
  });
  const rest = total_units - parts.reduce((all, { floor }) => all + floor, 0n);
  if (rest === 0n) return parts.map(({ key, floor }) => ({ key, amount_units: floor }));
  // The remainders sum to rest × sum and each is below sum, so fewer than all parts are rounded up.
  const roundedUp = new Set(
    parts
      .toSorted((a, b) => (a.remainder === b.remainder ? compare(a.key, b.key) : a.remainder < b.remainder ? 1 : -1))
      .slice(0, Number(rest))
      .map(({ key }) => key),
  );
  return parts.map(({ key, floor }) => ({ key, amount_units: floor + (roundedUp.has(key) ? 1n : 0n) }));
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
