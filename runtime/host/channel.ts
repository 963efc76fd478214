// One direction between two actors: its counters, and what of it is in memory, on its way, acknowledged.
// A receiver tells how far it is and when its host started (its life). One that knows less in a later life has lost its state.
import { z } from 'zod';
import type { EnvelopeItem } from '#schemas/wire/envelope.ts';
import { MAX_BUNDLE_BYTES, MAX_ENVELOPE_ITEMS, RETRY_MAX_MS, RETRY_MIN_MS } from '#schemas/wire/limits.ts';
import { epochAt, firstOf } from './counter.ts';

/** A message of a machine, encoded. */
export type Message = readonly [kind: string, body: Uint8Array];

/** Messages that leave together: of one turn, to one receiver, of one cause. Their counters run from `first`. */
export type Bundle = { first: number; readonly trace: string; readonly messages: Message[]; size_bytes: number };

/** One direction between two actors. */
export type Channel = {
  readonly sender: string;
  readonly receiver: string;
  /** Counter of the next message. */
  next: number;
  /** First counter that this life of ours gave out. */
  born: number;
  /** Highest counter that the receiver has on disk, as far as it told us. */
  acked: number;
  /**
   * When the receiver's host started, ms; 0 = never heard. Kept on disk: the broker repeats old mail after our restart, and an
   * acknowledgement of long ago must not pass for a receiver that has lost its state.
   */
  life_ms: number;
  /** Unacknowledged bundles in memory, oldest first; later ones are only on disk while more than a window waits. */
  bundles: Bundle[];
  /** Highest counter in memory. */
  loaded: number;
  /** Highest counter published since the last repeat. */
  sent: number;
  retry_at_ms: number;
  pause_ms: number;
};

/** Row of a bundle; its key has the first counter. */
export const BundleRow = z.strictObject({
  trace: z.string(),
  messages: z.array(z.tuple([z.string(), z.instanceof(Uint8Array)])),
});

/** Room for the acknowledgement that rides along. */
const MAX_BUNDLE_MESSAGES = MAX_ENVELOPE_ITEMS - 1;
/** Highest counter of a bundle. */
export const last = (bundle: Bundle): number => bundle.first + bundle.messages.length - 1;

/** A channel of which nothing is known: it begins an epoch. */
export function newChannel(sender: string, receiver: string, now_ms: number): Channel {
  const next = firstOf(epochAt(now_ms));
  const before = next - 1;
  return {
    sender,
    receiver,
    next,
    born: next,
    acked: before,
    life_ms: 0,
    bundles: [],
    loaded: before,
    sent: before,
    retry_at_ms: Infinity,
    pause_ms: RETRY_MIN_MS,
  };
}

export const toBundle = (first: number, { trace, messages }: z.infer<typeof BundleRow>): Bundle => ({
  first,
  trace,
  messages,
  size_bytes: messages.reduce((sum, [, body]) => sum + body.length, 0),
});

export const hasRoom = (bundle: Bundle, [, body]: Message): boolean =>
  bundle.messages.length < MAX_BUNDLE_MESSAGES && bundle.size_bytes + body.length <= MAX_BUNDLE_BYTES;

/** Everything that was given out is acknowledged, and no row of it is only on disk. */
export const isIdle = ({ acked, loaded, next }: Channel): boolean => acked === next - 1 && loaded === next - 1;

/** A pause is over; one that is longer than any can be is a clock's that was set back. */
export const isOver = (retry_at_ms: number, now_ms: number): boolean =>
  retry_at_ms <= now_ms || retry_at_ms > now_ms + RETRY_MAX_MS;

/** The next unsent bundles that fit one envelope: in order, of one cause, within the window. */
export function nextBundles(channel: Channel): Bundle[] {
  const chosen: Bundle[] = [];
  let count = 0;
  let size_bytes = 0;
  for (const bundle of channel.bundles) {
    if (last(bundle) <= channel.sent) continue;
    count += bundle.messages.length;
    size_bytes += bundle.size_bytes;
    const fits =
      chosen.length === 0 ||
      (count <= MAX_BUNDLE_MESSAGES && size_bytes <= MAX_BUNDLE_BYTES && chosen[0]?.trace === bundle.trace);
    if (!fits) break;
    chosen.push(bundle);
  }
  return chosen;
}

export const lastOf = (bundles: readonly Bundle[], otherwise: number): number => {
  const bundle = bundles.at(-1);
  return bundle === undefined ? otherwise : last(bundle);
};

export const toItems = (channel: Channel, bundle: Bundle): EnvelopeItem[] =>
  bundle.messages.map(([kind, body], index) => ({ kind, to: channel.receiver, counter: bundle.first + index, body }));
