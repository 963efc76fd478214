// What was said at the last decided heights, beside their certificates: should one of them prove forked after a restart, it names
// who made the fork. Rows `cs/votes/<height>`: CRC-32C u32 | statement*.
import type { DecidedHeight } from '#machines/consensus/types.ts';
import { LayoutReader } from '#schemas/consensus/fixed-layout.ts';
import type { SignedVote } from '#schemas/consensus/types.ts';
import { readSignedVote, SIGNED_STATEMENT_BYTES, writeSignedVote } from '#schemas/consensus/vote-codec.ts';
import { MAX_RECENT_HEIGHTS } from '#schemas/wire/limits.ts';
import { LazyPut } from '../store/lazy-put.ts';
import type { Store, StoreOp } from '../store/store.ts';
import { readFinalBlock } from './block-store.ts';
import { decodeRecord, encodeRecord } from './crc32c.ts';

/** Where the rows are. */
export const TESTIMONY = 'cs/votes/';
const keyOf = (height: number): string => TESTIMONY + String(height).padStart(12, '0');

/** Keep these votes of a decided height; the one that falls out of the last 64 is forgotten. */
export const testimonyOps = (height: number, votes: readonly SignedVote[]): StoreOp[] => [
  new LazyPut(keyOf(height), () => encodeRow(votes)),
  { type: 'del', key: keyOf(height - MAX_RECENT_HEIGHTS) },
];

/**
 * What is held of the last heights up to this one, in order. A torn row counts as none: a false vote would spoil an evidence file, and
 * no rule rests on these.
 *
 * @throws ConsensusError LOG_CORRUPT where a block cannot be read
 */
export async function readDecided(store: Store, tip_height: number): Promise<DecidedHeight[]> {
  const decided: DecidedHeight[] = [];
  for (let height = Math.max(1, tip_height - MAX_RECENT_HEIGHTS + 1); height <= tip_height; height++) {
    const final = await readFinalBlock(store, height);
    if (final !== undefined) decided.push({ commit: final.certificate, votes: await readTestimony(store, height) });
  }
  return decided;
}

/** What was said at a decided height, as far as it is held. */
export async function readTestimony(store: Store, height: number): Promise<readonly SignedVote[]> {
  const row = await store.get(keyOf(height));
  return row === undefined ? [] : decodeRow(row);
}

const encodeRow = (votes: readonly SignedVote[]): Uint8Array =>
  encodeRecord(votes.length * SIGNED_STATEMENT_BYTES, (writer) => {
    for (const vote of votes) writeSignedVote(writer, vote);
  });

function decodeRow(row: Uint8Array): readonly SignedVote[] {
  const reader = new LayoutReader(decodeRecord(row) ?? new Uint8Array(0));
  const votes: SignedVote[] = [];
  while (!reader.isDone && !reader.hasFailed) votes.push(readSignedVote(reader));
  return reader.hasFailed ? [] : votes;
}
