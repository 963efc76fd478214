// Which sub-units of a result are recomputed: few, but nobody knows which before the result is on the ledger (work rules, 2).
import { type Sha256, seededOrder } from '../primitives/seeded-draw.ts';
import { type DrawPoint, drawSeed } from './draw.ts';

/** Checked results after which a worker is no longer new, and after which it is a veteran. */
const NEW_BELOW = 10;
const VETERAN_FROM = 100;

/** Sub-units to recompute for a worker with so many passed results: 8 new, 3 normally, 2 veteran, never 0. */
export function sampleSize(passed_count: number, sub_units_count: number): number {
  const wanted = passed_count < NEW_BELOW ? 8 : passed_count < VETERAN_FROM ? 3 : 2;
  return Math.min(wanted, sub_units_count);
}

/** The `size` distinct sub-units that the audit's beacon names, ascending; at least one. */
export function auditIndices(
  point: DrawPoint & { readonly purpose: 'indices' },
  size: number,
  sub_units_count: number,
  sha256: Sha256,
): number[] {
  const indices: number[] = [];
  for (const index of seededOrder(drawSeed(point, sha256), sub_units_count, sha256)) {
    indices.push(index);
    if (indices.length === size) break;
  }
  return indices.sort((a, b) => a - b);
}
