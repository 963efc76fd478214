// Snapshot of the worker machine, version 1: only what it still owes an answer, so that hundreds of attempts stay small.
import { z } from 'zod';
import { Reveal } from '../settlement/transaction.ts';
import { Id } from '../wire/fields.ts';
import type { SnapshotShape } from './shape.ts';

const WorkerContextV1 = z.strictObject({
  d: z.strictObject({
    id: Id,
    /** Its open attempts by `unit#attempt`: what it will reveal, null while that is computed; gone once it is shown. */
    attempts: z.record(z.string(), Reveal.nullable()),
  }),
});
export type WorkerData = z.infer<typeof WorkerContextV1>['d'];

export const WORKER_V1: SnapshotShape = { version: 1, context: WorkerContextV1 };
