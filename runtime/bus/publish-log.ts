// What the streams confirmed so far, kept to notice when one forgot: its sequence stands lower than it stood.
import { z } from 'zod';
import { BusError } from './bus-error.ts';

/** A stream's answer to a publish. */
export const Ack = z.union([
  z.object({ stream: z.string(), seq: z.int().positive() }),
  z.object({ error: z.object({ err_code: z.int(), description: z.string() }) }),
]);
export type Ack = z.infer<typeof Ack>;

/** JetStream: the stream, or the room for all streams, is full. */
const FULL = new Set([10_077, 10_047, 10_023, 10_028]);

/** Calls `onLoss` when a stream answers again that was gone, or that was made anew or rolled back. */
export class PublishLog {
  readonly #last = new Map<string, number>();
  readonly #onLoss: () => void;
  #isMissing = false;

  constructor(onLoss: () => void) {
    this.#onLoss = onLoss;
  }

  /** @throws BusError BUS_BUSY | BUS_UNAVAILABLE where the stream's answer is a refusal */
  confirmed(subject: string, ack: Ack): void {
    if ('error' in ack) {
      const code = FULL.has(ack.error.err_code) ? 'BUS_BUSY' : 'BUS_UNAVAILABLE';
      throw new BusError(code, subject, ack.error.description);
    }
    const { stream, seq } = ack;
    const hasForgotten = this.#isMissing || seq <= (this.#last.get(stream) ?? 0);
    this.#last.set(stream, seq);
    this.#isMissing = false;
    if (hasForgotten) this.#onLoss();
  }

  /** Nobody confirmed it. */
  failed(): void {
    this.#isMissing = true;
  }
}
