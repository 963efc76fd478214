// The settlement record: balanced entries of one closed epoch, as archived for good. On disk it is strict DAG-CBOR.
import type { SettlementEntry } from './state.ts';

/**
 * A record as data; CIDs are base32 text here and DAG-CBOR links in the bytes (written: machines/settlement/record-encoding.ts, read: runtime/archive/record-codec.ts).
 * Field names are the wire's. Rules: machines/settlement/record-rules.ts.
 */
export type SettlementRecord = {
  readonly v: 1;
  readonly t: 'settlement';
  /** Name of the network: one network's record means nothing in another. */
  readonly net: string;
  /** Position in the log, from 0; equals the ledger's settlement sequence. */
  readonly seq: number;
  readonly epoch: number;
  /** CID of record `seq` − 1; null only at 0. */
  readonly prev: string | null;
  /** Sorted by (a, k), unique, sum 0 for each asset; each `d` fits a signed 64-bit integer. */
  readonly entries: readonly SettlementEntry[];
  /** Root over the settled balances after these entries, 32 bytes. */
  readonly stateRoot: Uint8Array;
  /** CIDs of evidence that belongs to the epoch, sorted and unique. */
  readonly ev: readonly string[];
};

/** Sequence of the first settlement: leaf i of the log is settlement `FIRST_SEQ` + i. */
export const FIRST_SEQ = 0;
/** Bounds of an entry's difference: a signed 64-bit integer, so that any language reads it. */
export const MIN_DIFFERENCE = -(2n ** 63n);
export const MAX_DIFFERENCE = 2n ** 63n - 1n;
