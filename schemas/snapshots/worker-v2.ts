// Snapshot of the worker machine, version 2: only what it still owes an answer, so that hundreds of attempts stay small.
import { z } from 'zod';
import { Reveal } from '../settlement/transaction.ts';
import { Id } from '../wire/fields.ts';
import type { SnapshotShape } from './shape.ts';
import { UnsentResults, WorkerContextV1 } from './worker-v1.ts';

export const WorkerContextV2 = z.strictObject({
  d: z.strictObject({
    id: Id,
    /** Its open attempts by `unit#attempt`: what it will reveal, null while that is computed; gone once it is shown. */
    attempts: z.record(z.string(), Reveal.nullable()),
    /** What version 1 had not sent yet; it leaves with the next event. */
    unsent: UnsentResults,
  }),
});
export type WorkerData = z.infer<typeof WorkerContextV2>['d'];

/** No results. */
export const NONE_UNSENT: WorkerData['unsent'] = { commits: [], reveals: [], opens: [], reports: [] };

export const WORKER_V2: SnapshotShape = {
  version: 2,
  context: WorkerContextV2,
  previous: { shape: { version: 1, context: WorkerContextV1 }, migrate },
};

function migrate({ context }: { readonly context: unknown }): { value: string; context: { d: WorkerData } } {
  const { id, attempts: known, commits, reveals, opens, reports } = WorkerContextV1.parse(context).d;
  const attempts: WorkerData['attempts'] = {};
  for (const [key, { unit, attempt, phase, outcome }] of Object.entries(known)) {
    if (phase === 'revealed') continue;
    if (outcome === null) attempts[key] = null;
    else {
      const { commitment: _, ...shown } = outcome;
      attempts[key] = { unit, attempt, ...shown };
    }
  }
  const value = Object.keys(attempts).length > 0 ? 'working' : 'idle';
  return { value, context: { d: { id, attempts, unsent: { commits, reveals, opens, reports } } } };
}
