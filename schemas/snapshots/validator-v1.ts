// Snapshot of the validator's duties machine (not of consensus, which replays its own log), version 1.
import { z } from 'zod';
import { Id } from '../wire/fields.ts';
import { ShufflerContextV1 } from './shuffler-v1.ts';

export const ValidatorContextV1 = z.strictObject({
  d: z.strictObject({
    id: Id,
    lottery: ShufflerContextV1.shape.d.shape.lottery,
    /** Cosign requests under way: io key → who asked. */
    cosigning: z.record(z.string(), Id),
    /** Counts evidence taken from consensus: the key of the port's request. */
    evidence_count: z.int().min(0),
  }),
});
export type ValidatorData = z.infer<typeof ValidatorContextV1>['d'];
