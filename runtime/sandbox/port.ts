// The `sandbox` port: computes units for workers, and single sub-units for audits and disputes.
import type { z } from 'zod';
import { leafHashes } from '#machines/primitives/merkle.ts';
import { commitment } from '#machines/work/commitment.ts';
import { checkCollatz } from '#machines/work/kernels/collatz.ts';
import type { Unit } from '#machines/work/kernels/kernel.ts';
import { openSubUnits, unitRoot } from '#machines/work/kernels/unit-tree.ts';
import { reportDigest } from '#machines/work/report-digest.ts';
import { fromU128, u128 } from '#schemas/wire/fields.ts';
import { MAX_KEPT_UNITS, MAX_SUSPECTS } from '#schemas/wire/limits.ts';
import type {
  BatchAnswer,
  OpenAnswer,
  RecomputeAnswer,
  RecomputeRequest,
  ReportAnswer,
  RunAnswer,
  SandboxRequest,
  Work,
  WorkAnswer,
} from '#schemas/work/sandbox.ts';
import { codeOf } from '../host/io.ts';
import type { IoPort } from '../host/ports.ts';
import { sha256 } from '../keys/sha256.ts';
import type { SandboxPool, SubUnitResults } from './pool.ts';
import { createSalts } from './salts.ts';

/** Fixed kernels are not metered: their cost is known from the size of the unit. */
const FUEL_OF_FIXED_KERNELS = 0;

/** A unit's results, and their hashes as leaves of its tree: the root and the openings need them both. */
type UnitResults = SubUnitResults & { readonly leaves: Uint8Array<ArrayBuffer>[] };

/**
 * A port over a pool. Results of units are kept until they are opened for their audit; what was forgotten is computed again.
 * Requests come from our own machines, or from rows that they wrote: they are not checked again.
 */
export function createSandboxPort(pool: SandboxPool): IoPort {
  const kept = new Map<string, UnitResults>();
  const nextSalt = createSalts();

  async function compute(work: Work, signal: AbortSignal): Promise<UnitResults> {
    const computed = await pool.runUnit(unitOf(work), { signal });
    return { ...computed, leaves: leafHashes(computed.results, sha256) };
  }

  async function run(worker: string, work: Work, signal: AbortSignal): Promise<RunAnswer> {
    const unit = await compute(work, signal);
    kept.set(keyOf(work), unit);
    if (kept.size > MAX_KEPT_UNITS) kept.delete(kept.keys().next().value ?? '');
    return outcome(worker, work, unit, nextSalt());
  }

  /** An attempt is audited once, so nobody asks for its results again. */
  async function open(work: OpenWork, signal: AbortSignal): Promise<z.infer<typeof OpenAnswer>> {
    const { results, leaves } = kept.get(keyOf(work)) ?? (await compute(work, signal));
    kept.delete(keyOf(work));
    return { openings: openSubUnits(results, work.indices, sha256, leaves) };
  }

  async function perform(worker: string, work: Work, signal: AbortSignal): Promise<Answer> {
    if (work.action === 'run') return run(worker, work, signal);
    if (work.action === 'open') return open(work, signal);
    const { results } = await pool.runSubUnits(unitOf(work), work.indices, { signal });
    return { digest: reportDigest(worker, work, results, sha256) };
  }

  async function recompute(request: RecomputeRequest, signal: AbortSignal): Promise<RecomputeAnswer> {
    const { results } = await pool.runSubUnits(unitOf(request), request.indices, { signal });
    return { results: results.map((result, i) => ({ index: request.indices[i] ?? 0, result })) };
  }

  /** One after another: with as many calls at once as a port may have, the pool's queue never overflows. */
  async function performAll(worker: string, works: readonly Work[], signal: AbortSignal): Promise<BatchAnswer> {
    const answers: WorkAnswer[] = [];
    for (const work of works) {
      const { action, unit, attempt } = work;
      try {
        answers.push({ action, unit, attempt, ...(await perform(worker, work, signal)) } as WorkAnswer);
      } catch (error) {
        answers.push({ action: 'failed', unit, attempt, code: codeOf(error) });
      }
    }
    return { answers };
  }

  return (request, { actor, signal }) => {
    const asked = request as SandboxRequest;
    return asked.action === 'batch' ? performAll(actor, asked.works, signal) : recompute(asked, signal);
  };
}

type OpenWork = Extract<Work, { action: 'open' }>;
type Answer = RunAnswer | z.infer<typeof OpenAnswer> | z.infer<typeof ReportAnswer>;

const keyOf = ({ unit, attempt }: Work): string => `${unit}#${attempt}`;

const unitOf = ({ kernel, start, unit_log2 }: Pick<Work, 'kernel' | 'start' | 'unit_log2'>): Unit => ({
  kernel,
  start: fromU128(start),
  unit_log2,
});

/** What the worker commits to now and reveals later. The salt keeps others from guessing a commitment. */
function outcome(
  worker: string,
  { unit, attempt }: Work,
  { results, suspects, leaves }: UnitResults,
  salt: Uint8Array,
): RunAnswer {
  const shown = {
    root: unitRoot(results, sha256, leaves),
    output_hash: sha256(Buffer.concat(results)),
    fuel: FUEL_OF_FIXED_KERNELS,
    salt,
  };
  return {
    ...shown,
    commitment: commitment(worker, { unit, attempt, ...shown }, sha256),
    suspects: suspects.filter(isOpen).slice(0, MAX_SUSPECTS).map(u128),
  };
}

/** The kernel names what it could not decide in its registers; exact arithmetic clears nearly all of it before anyone is told. */
const isOpen = (n: bigint): boolean => !checkCollatz(n).descends;
