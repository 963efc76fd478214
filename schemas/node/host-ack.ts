// What a receiver tells a sender: how far it has applied that sender's messages, durably.
import { z } from 'zod';
import { TimeMs } from '../wire/fields.ts';

/** Kind of an acknowledgement: outside exactly-once delivery, never acknowledged itself. */
export const HOST_ACK = 'host.ack.v1';

export const HostAckV1 = z.strictObject({
  /** Highest counter applied and on disk; all lower ones are too. 0 = none. */
  watermark: z.int().min(0).max(Number.MAX_SAFE_INTEGER),
  /** When the receiver's host started: an answer of a later life that knows less has lost its state. */
  life_ms: TimeMs,
  /** The receiver holds as much as it may: repeat later rather than sooner. */
  is_busy: z.boolean(),
});
export type HostAckV1 = z.infer<typeof HostAckV1>;
