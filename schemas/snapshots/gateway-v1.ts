// Snapshot of the gateway machine, version 1.
import { z } from 'zod';
import { Id } from '../wire/fields.ts';

export const GatewayContextV1 = z.strictObject({
  d: z.strictObject({
    id: Id,
    /** Counts runs of the feed: the key of the port's request. */
    runs_count: z.int().min(0),
  }),
});
export type GatewayData = z.infer<typeof GatewayContextV1>['d'];
