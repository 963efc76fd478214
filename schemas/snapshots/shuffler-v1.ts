// Snapshot of the shuffler machine, version 1.
import { z } from 'zod';
import { Id } from '../wire/fields.ts';

export const ShufflerContextV1 = z.strictObject({
  d: z.strictObject({
    id: Id,
    /** Counts availability rounds: the key of the port's request. */
    rounds_count: z.int().min(0),
    lottery: z.strictObject({
      /** Draws sent and not yet seen on the ledger: `purpose:unit#attempt` → height at which they were sent. */
      sent: z.record(z.string(), z.int()),
      /** Height of the last request; 0 = none under way. */
      asked_height: z.int().min(0),
    }),
  }),
});
export type ShufflerData = z.infer<typeof ShufflerContextV1>['d'];
export type LotteryData = ShufflerData['lottery'];
