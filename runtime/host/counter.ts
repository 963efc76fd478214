// Counters of messages from one actor to another: contiguous within an epoch, so that replays and gaps are seen at once.
// A new epoch begins when either side has lost what it knew: numbers of the old one can never be taken for new ones.

/** Messages in one epoch: the low 25 bits. */
const PLACES = 2 ** 25;
/** Length of an epoch, ms: a sender that lost its database begins in a later one than it used before. 28 bits last until 2055. */
const EPOCH_MS = 10_000;
/** Epochs that a peer's numbers may be ahead of our clock: a day. Above it the peer lies. */
const MAX_EPOCHS_AHEAD = 8_640;

export const epochAt = (now_ms: number): number => Math.floor(now_ms / EPOCH_MS);
export const epochOf = (counter: number): number => Math.floor(counter / PLACES);
/** First counter of an epoch. */
export const firstOf = (epoch: number): number => epoch * PLACES + 1;
export const isFirst = (counter: number): boolean => counter % PLACES === 1;
/** Whether a counter can have been given out by a correct sender by now. */
export const isCredible = (counter: number, now_ms: number): boolean =>
  epochOf(counter) <= epochAt(now_ms) + MAX_EPOCHS_AHEAD;
/** Half an epoch is used up: start the next one at the first moment when nothing is under way. */
export const isWorn = (counter: number): boolean => counter % PLACES > PLACES / 2;

/** The message after `watermark`: the next in its epoch, or the first of a later epoch. */
export const isNext = (watermark: number, counter: number): boolean =>
  counter === watermark + 1 || (isFirst(counter) && epochOf(counter) > epochOf(watermark));
