// Snapshot of the archiver machine, version 1.
import { z } from 'zod';
import { CollectedCosignature, SealAnswer } from '../settlement/cosign.ts';
import { Id } from '../wire/fields.ts';

export const ArchiverContextV1 = z.strictObject({
  d: z.strictObject({
    id: Id,
    /** The settlement being archived, or the next one when idle. */
    next_seq: z.int().min(0),
    /** Highest settlement that the ledger closed, −1 before the first: `next_seq` … here wait. Two numbers are the whole queue. */
    closed_seq: z.int().min(-1),
    /** The sealed settlement whose checkpoint is being cosigned; null before it is sealed. */
    sealed: SealAnswer.nullable(),
    /** By validator: one cosignature counts once. */
    cosignatures: z.record(Id, CollectedCosignature),
    /** Validators whose cosignature on this checkpoint did not verify: not counted again for it. */
    distrusted: z.array(Id),
    /** Failed or unanswered tries of the present step: the exponent of the pause. */
    tries_count: z.int().min(0),
  }),
});
export type ArchiverData = z.infer<typeof ArchiverContextV1>['d'];
