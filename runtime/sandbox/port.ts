// The `sandbox` port: computes units for workers, and single sub-units for audits and disputes.
import { randomBytes } from 'node:crypto';
import type { z } from 'zod';
import { commitment } from '#machines/work/commitment.ts';
import { checkCollatz } from '#machines/work/kernels/collatz.ts';
import type { Unit } from '#machines/work/kernels/kernel.ts';
import { openSubUnit, unitRoot } from '#machines/work/kernels/unit-tree.ts';
import { fromU128, u128 } from '#schemas/wire/fields.ts';
import { MAX_KEPT_UNITS, MAX_SUSPECTS } from '#schemas/wire/limits.ts';
import { type OpenAnswer, type RecomputeAnswer, type RunAnswer, SandboxRequest } from '#schemas/work/sandbox.ts';
import type { IoPort } from '../host/ports.ts';
import { sha256 } from '../keys/sha256.ts';
import type { SandboxPool, SubUnitResults } from './pool.ts';

type Work = Extract<SandboxRequest, { action: 'run' }>;

/** Fixed kernels are not metered: their cost is known from the size of the unit. */
const FUEL_OF_FIXED_KERNELS = 0;

/** A port over a pool. Results of recent units are kept for their audit; what was forgotten is computed again. */
export function createSandboxPort(pool: SandboxPool): IoPort {
  const kept = new Map<string, SubUnitResults>();

  async function unitResults(work: Work, signal: AbortSignal): Promise<SubUnitResults> {
    const key = `${work.unit}#${work.attempt}`;
    const known = kept.get(key);
    if (known !== undefined) return known;
    const results = await pool.runUnit(unitOf(work), { signal });
    kept.set(key, results);
    if (kept.size > MAX_KEPT_UNITS) kept.delete(kept.keys().next().value ?? '');
    return results;
  }

  return async (request, { actor, signal }) => {
    const work = SandboxRequest.parse(request);
    if (work.action === 'run') return outcome(actor, work, await unitResults({ ...work, action: 'run' }, signal));
    if (work.action === 'open') {
      const { indices, ...whole } = work;
      return openings(await unitResults({ ...whole, action: 'run' }, signal), indices);
    }
    const { results } = await pool.runSubUnits(unitOf(work), work.indices, { signal });
    return { results: zip(work.indices, results) } satisfies z.infer<typeof RecomputeAnswer>;
  };
}

const unitOf = ({ kernel, start, unit_log2 }: Omit<Work, 'action'>): Unit => ({
  kernel,
  start: fromU128(start),
  unit_log2,
});

/** What the worker commits to now and reveals later. The salt keeps others from guessing a commitment. */
function outcome(worker: string, { unit, attempt }: Work, { results, suspects }: SubUnitResults): RunAnswer {
  const shown = {
    root: unitRoot(results, sha256),
    output_hash: sha256(Buffer.concat(results)),
    fuel: FUEL_OF_FIXED_KERNELS,
    salt: new Uint8Array(randomBytes(16)),
  };
  return {
    ...shown,
    commitment: commitment(worker, { unit, attempt, ...shown }, sha256),
    suspects: suspects.filter(isOpen).slice(0, MAX_SUSPECTS).map(u128),
  };
}

function openings({ results }: SubUnitResults, indices: readonly number[]): z.infer<typeof OpenAnswer> {
  return {
    openings: zip(
      indices,
      indices.map((index) => results[index] ?? new Uint8Array(64)),
    ).map((piece) => ({ ...piece, proof: openSubUnit(results, piece.index, sha256) })),
  };
}

/** The kernel names what it could not decide in its registers; exact arithmetic clears nearly all of it before anyone is told. */
const isOpen = (n: bigint): boolean => !checkCollatz(n).descends;
const zip = (indices: readonly number[], results: readonly Uint8Array[]) =>
  indices.map((index, i) => ({ index, result: results[i] ?? new Uint8Array(64) }));
