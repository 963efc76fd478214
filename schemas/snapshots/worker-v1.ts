// Snapshot of the worker machine, version 1: only what it still owes an answer, so that hundreds of attempts stay small.
import { z } from 'zod';
import { isPlace, isReveal, type Place } from '../settlement/batch-shape.ts';
import type { Reveal } from '../settlement/transaction.ts';
import { Id } from '../wire/fields.ts';
import type { SnapshotShape } from './shape.ts';

/** An open attempt: what it will reveal, or only its place while that is computed. */
export type Attempt = Reveal | Place;

/** Judged at a glance: hundreds are written with each block, and the schema library would copy them all. */
const Attempts = z.custom<Attempt[]>(
  (value) => Array.isArray(value) && value.every((attempt) => isReveal(attempt) || isPlace(attempt)),
);

const WorkerContextV1 = z.strictObject({
  d: z.strictObject({
    id: Id,
    /** Its open attempts, oldest first: gone once they are shown. */
    attempts: Attempts,
  }),
});
export type WorkerData = z.infer<typeof WorkerContextV1>['d'];

export const WORKER_V1: SnapshotShape = { version: 1, context: WorkerContextV1 };
