// The three streams, and which of their subjects an actor may read back. Reasons and numbers: docs/adr/0006-stream-and-consumer-layout.md.
import {
  MAX_EXPIRY_AHEAD_MS,
  MAX_MAILBOX_PER_SENDER,
  MAX_MEMPOOL_TXS_PER_ACCOUNT,
  MAX_STREAM_BYTES,
} from '#schemas/wire/limits.ts';
import { SUBJECTS, type SubjectRule } from '#schemas/wire/subjects.ts';

export type StreamName = keyof typeof STREAMS;

/** What is particular to a stream; the rest is the same for all, see `streamConfig`. */
type StreamRow = {
  /** Every subject of the row with this name in the subject table is captured. */
  readonly captures: (typeof SUBJECTS)[number]['name'];
  readonly storage: 'memory' | 'file';
  readonly max_age_ms: number;
  /** The newest messages that are kept of one subject, so of one sender: older ones fall out, nobody can fill it alone. */
  readonly max_msgs_per_subject: number;
};

export const STREAMS = {
  /** For validators that come (back) in the middle of a height; the live votes travel beside it by core NATS. */
  CONSENSUS: { captures: 'consensus', storage: 'memory', max_age_ms: 30_000, max_msgs_per_subject: 2 },
  /** Transactions on their way into a block: what a restarted validator refills its pool from. */
  TX: {
    captures: 'transaction',
    storage: 'memory',
    max_age_ms: 60_000,
    max_msgs_per_subject: MAX_MEMPOOL_TXS_PER_ACCOUNT,
  },
  /** Mail for actors that are away. Kept no longer than an envelope may stay valid. */
  MBOX: {
    captures: 'mailbox',
    storage: 'file',
    max_age_ms: MAX_EXPIRY_AHEAD_MS,
    max_msgs_per_subject: MAX_MAILBOX_PER_SENDER,
  },
} as const satisfies Record<string, StreamRow>;

const NS_PER_MS = 1_000_000;

/**
 * JetStream's configuration of a stream. At `max_bytes` it refuses what is new: the publisher hears BUS_BUSY and waits.
 *
 * @param replicas_count servers that hold it: as many as the broker has, so that one that is lost takes no stream with it
 */
export function streamConfig(name: StreamName, replicas_count = 1) {
  const row: StreamRow = STREAMS[name];
  return {
    name,
    subjects: [capturedBy(name)],
    storage: row.storage,
    retention: 'limits',
    discard: 'new',
    max_age: row.max_age_ms * NS_PER_MS,
    max_bytes: MAX_STREAM_BYTES,
    max_msgs_per_subject: row.max_msgs_per_subject,
    // The window costs memory for each id and breaks when a stream regresses; receivers deduplicate by counter.
    duplicate_window: 100 * NS_PER_MS,
    num_replicas: replicas_count,
    max_consumers: -1,
  } as const;
}

/** The subjects that a stream captures, as one pattern. */
export function capturedBy(name: StreamName): string {
  const captures: string = STREAMS[name].captures;
  const row: SubjectRule | undefined = SUBJECTS.find((rule) => rule.name === captures);
  return (row?.pattern ?? '').replace('{self}', '*');
}

/** The stream that captures this subject or pattern, if any. */
export function streamOf(subject: string): StreamName | undefined {
  const names = Object.keys(STREAMS) as StreamName[];
  return names.find((name) => matches(capturedBy(name), subject));
}

/** Whether the subject, or all that the pattern can stand for, fits `pattern` (`*` one token, `>` the rest). */
export function matches(pattern: string, subject: string): boolean {
  const want = pattern.split('.');
  const have = subject.split('.');
  const rest = want.indexOf('>');
  if (rest === -1 ? want.length !== have.length : have.length <= rest) return false;
  return (rest === -1 ? want : want.slice(0, rest)).every((token, i) =>
    token === '*' ? have[i] !== '>' : token === have[i],
  );
}
