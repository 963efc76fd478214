// Snapshot of the worker machine, version 1: only what it still owes an answer, so that hundreds of attempts stay small.
import { z } from 'zod';
import { isReveal } from '../settlement/batch-shape.ts';
import type { Reveal } from '../settlement/transaction.ts';
import { Id } from '../wire/fields.ts';
import type { SnapshotShape } from './shape.ts';

type Attempts = Record<string, Reveal | null>;

/** Judged at a glance: hundreds are written with each block, and the schema library would copy them all. */
const Attempts = z.custom<Attempts>(
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((shown) => shown === null || isReveal(shown)),
);

const WorkerContextV1 = z.strictObject({
  d: z.strictObject({
    id: Id,
    /** Its open attempts by `unit#attempt`: what it will reveal, null while that is computed; gone once it is shown. */
    attempts: Attempts,
  }),
});
export type WorkerData = z.infer<typeof WorkerContextV1>['d'];

export const WORKER_V1: SnapshotShape = { version: 1, context: WorkerContextV1 };
