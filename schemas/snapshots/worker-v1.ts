// Snapshot of the worker machine, version 1.
import { z } from 'zod';
import { Reveal } from '../settlement/transaction.ts';
import { bytes, Hash, Id, TimeMs, UnitId } from '../wire/fields.ts';
import { RunAnswer } from '../work/sandbox.ts';

/** One attempt that was drawn for this worker, from assignment to settlement. */
const Attempt = z.strictObject({
  unit: UnitId,
  attempt: z.int(),
  phase: z.enum(['computing', 'committing', 'revealed']),
  /** Set when the computation is done: what will be revealed. */
  outcome: RunAnswer.nullable(),
});

/** Results that are computed but not yet sent, oldest first. */
export const UnsentResults = z.strictObject({
  commits: z.array(z.strictObject({ unit: UnitId, attempt: z.int(), commitment: Hash })),
  reveals: z.array(Reveal),
  opens: z.array(
    z.strictObject({
      unit: UnitId,
      attempt: z.int(),
      openings: z.array(z.strictObject({ index: z.int(), result: bytes(64), proof: z.array(Hash) })),
    }),
  ),
  reports: z.array(
    z.strictObject({
      unit: UnitId,
      attempt: z.int(),
      results: z.array(z.strictObject({ index: z.int(), result: bytes(64) })),
    }),
  ),
});

export const WorkerContextV1 = z.strictObject({
  d: z.strictObject({
    id: Id,
    /** Open attempts by `unit#attempt`. */
    attempts: z.record(z.string(), Attempt),
    ...UnsentResults.shape,
    /** Deadline of the armed flush timer, ms; 0 = none. */
    flush_at_ms: TimeMs,
  }),
});
