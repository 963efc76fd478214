// The `sandbox` port: computes units for workers, and single sub-units for audits and disputes.
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
  RecomputeAnswer,
  RecomputeRequest,
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

/** What a work needs computed; of a whole unit also its leaves, if they are known: its root and its openings need them both. */
type Computed = SubUnitResults & { readonly leaves?: Uint8Array<ArrayBuffer>[] };

/**
 * A port over a pool. Results of units are kept until they are opened for their audit; what was forgotten is computed again.
 * Requests come from our own machines, or from rows that they wrote: they are not checked again.
 */
export function createSandboxPort(pool: SandboxPool): IoPort {
  const kept = new Map<string, Computed>();
  const nextSalt = createSalts();

  const keptFor = (work: Work): Computed | undefined => (work.action === 'open' ? kept.get(keyOf(work)) : undefined);

  function keep(work: Work, unit: Computed): void {
    kept.set(keyOf(work), unit);
    if (kept.size > MAX_KEPT_UNITS) kept.delete(kept.keys().next().value ?? '');
  }

  function answerTo(worker: string, work: Work, computed: Computed): WorkAnswer {
    const { action, unit, attempt } = work;
    const { results } = computed;
    if (action === 'report') return { action, unit, attempt, digest: reportDigest(worker, work, results, sha256) };
    const leaves = computed.leaves ?? leafHashes(results, sha256);
    if (action === 'run') {
      keep(work, { ...computed, leaves });
      return { action, unit, attempt, ...outcome(worker, work, computed, leaves, nextSalt()) };
    }
    // An attempt is audited once, so nobody asks for its results again.
    kept.delete(keyOf(work));
    return { action, unit, attempt, openings: openSubUnits(results, work.indices, sha256, leaves) };
  }

  /** A lazy worker's pool tells whole units from parts. */
  const compute = (work: Work, signal: AbortSignal): Promise<Computed> =>
    work.action === 'report'
      ? pool.runSubUnits(unitOf(work), work.indices, { signal })
      : pool.runUnit(unitOf(work), { signal });

  const computeAtOnce = (work: Work): Computed | undefined =>
    pool.runAtOnce(unitOf(work), work.action === 'report' ? work.indices : undefined);

  async function perform(worker: string, work: Work, signal: AbortSignal): Promise<WorkAnswer> {
    try {
      const computed = keptFor(work) ?? (await compute(work, signal));
      return answerTo(worker, work, computed);
    } catch (error) {
      return failed(work, error);
    }
  }

  /** Undefined: this work takes time. */
  function performAtOnce(worker: string, work: Work): WorkAnswer | undefined {
    try {
      const computed = keptFor(work) ?? computeAtOnce(work);
      return computed && answerTo(worker, work, computed);
    } catch (error) {
      return failed(work, error);
    }
  }

  async function recompute(request: RecomputeRequest, signal: AbortSignal): Promise<RecomputeAnswer> {
    const { results } = await pool.runSubUnits(unitOf(request), request.indices, { signal });
    return { results: results.map((result, i) => ({ index: request.indices[i] ?? 0, result })) };
  }

  /** One after another: with as many calls at once as a port may have, the pool's queue never overflows. */
  async function performAll(worker: string, works: readonly Work[], signal: AbortSignal): Promise<BatchAnswer> {
    const answers: WorkAnswer[] = [];
    for (const work of works) answers.push(await perform(worker, work, signal));
    return { answers };
  }

  function performAllAtOnce(worker: string, works: readonly Work[]): BatchAnswer | undefined {
    const answers: WorkAnswer[] = [];
    for (const work of works) {
      const answer = performAtOnce(worker, work);
      if (answer === undefined) return undefined;
      answers.push(answer);
    }
    return { answers };
  }

  const port: IoPort = (request, { actor, signal }) => {
    const asked = request as SandboxRequest;
    return asked.action === 'batch' ? performAll(actor, asked.works, signal) : recompute(asked, signal);
  };
  const atOnce: IoPort['atOnce'] = (request, actor) => {
    const asked = request as SandboxRequest;
    return asked.action === 'batch' ? performAllAtOnce(actor, asked.works) : undefined;
  };
  return Object.assign(port, { atOnce });
}

const failed = ({ unit, attempt }: Work, error: unknown): WorkAnswer => ({
  action: 'failed',
  unit,
  attempt,
  code: codeOf(error),
});

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
  { results, suspects }: SubUnitResults,
  leaves: Uint8Array<ArrayBuffer>[],
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
