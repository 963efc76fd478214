// Snapshot of the shuffler machine, version 1.
import { z } from 'zod';
import { Id } from '../wire/fields.ts';

export const ShufflerContextV1 = z.strictObject({
  d: z.strictObject({
    id: Id,
    /** Counts availability rounds: the key of the port's request. */
    rounds_count: z.int().min(0),
    lottery: z.strictObject({
      /** Draws sent that were still open at the last answer: `unit#attempt` → height at which they were sent. */
      sent: z.record(z.string(), z.int()),
      /** Height of the last answer: the next question waits for a later block. */
      height: z.int().min(0),
      /** Whether a question is open. */
      is_asking: z.boolean(),
    }),
  }),
});
export type ShufflerData = z.infer<typeof ShufflerContextV1>['d'];
export type LotteryData = ShufflerData['lottery'];
