// Final blocks and the tip in the store: `block/<height>` block and certificate, `cs/tip` what the next height rests on,
// `cs/lowest` where the blocks begin.
import type { Tip } from '#machines/consensus/types.ts';
import { HASH_BYTES, LayoutReader, LayoutWriter } from '#schemas/consensus/fixed-layout.ts';
import { decodeFinalBlock, encodeFinalBlock, finalBlockBytes } from '#schemas/consensus/message-codec.ts';
import type { FinalBlock } from '#schemas/consensus/types.ts';
import { MAX_RANGE_BYTES, MAX_SYNC_BLOCKS } from '#schemas/wire/limits.ts';
import { LazyPut } from '../store/lazy-put.ts';
import type { Store, StoreOp } from '../store/store.ts';
import { ConsensusError } from './consensus-error.ts';

const PREFIX = 'block/';
const TIP_KEY = 'cs/tip';
const LOWEST_KEY = 'cs/lowest';
const TIP_BYTES = 8 + HASH_BYTES + 8 + HASH_BYTES;
/** Room for the head of a range message. */
const RANGE_HEAD_BYTES = 16;
const keyOf = (height: number): string => `${PREFIX}${String(height).padStart(12, '0')}`;

/** Rows of a decided height: the end-of-height mark is the new tip. */
export const finalOps = (tip: Tip, final: FinalBlock): StoreOp[] => [
  new LazyPut(keyOf(tip.height), () => encodeFinalBlock(final)),
  tipOp(tip),
];

/** From this block on the node holds them: it took up the ledger there. */
export const lowestOp = (height: number): StoreOp => ({
  type: 'put',
  key: LOWEST_KEY,
  value: new LayoutWriter(8).u64(height).bytes,
});

/** The lowest height whose block the node holds, and all above. */
export async function readLowest(store: Store): Promise<number> {
  const row = await store.get(LOWEST_KEY);
  return row === undefined ? 1 : new LayoutReader(row).u64();
}

/** The beacon is left out: it comes from the log of the next height, or in its header. */
const tipOp = ({ height, id, time_ms, state_root }: Tip): StoreOp =>
  new LazyPut(TIP_KEY, () => new LayoutWriter(TIP_BYTES).u64(height).hash(id).u64(time_ms).hash(state_root).bytes);

/** The last final height with its block, or undefined before the first. @throws ConsensusError LOG_CORRUPT */
export async function readTip(store: Store): Promise<Tip | undefined> {
  const row = await store.get(TIP_KEY);
  if (row === undefined) return undefined;
  const reader = new LayoutReader(row);
  const tip = { height: reader.u64(), id: reader.hash(), time_ms: reader.u64(), state_root: reader.hash() };
  const final = await readFinalBlock(store, tip.height);
  if (!reader.isDone || final === undefined) throw new ConsensusError('LOG_CORRUPT', TIP_KEY);
  return { ...tip, final };
}

/** A final block with its certificate. @throws ConsensusError LOG_CORRUPT */
export async function readFinalBlock(store: Store, height: number): Promise<FinalBlock | undefined> {
  const row = await store.get(keyOf(height));
  if (row === undefined) return undefined;
  const final = decodeFinalBlock(row);
  if (!final.ok) throw new ConsensusError('LOG_CORRUPT', keyOf(height));
  return final.value;
}

/** Final blocks from `first` to `last`, as many as the limits of a range allow. */
export async function readRange(store: Store, first: number, last: number): Promise<FinalBlock[]> {
  const blocks: FinalBlock[] = [];
  let bytes = RANGE_HEAD_BYTES;
  for (let height = first; height <= last && blocks.length < MAX_SYNC_BLOCKS; height++) {
    const final = await readFinalBlock(store, height);
    if (final === undefined) break;
    bytes += finalBlockBytes(final);
    if (bytes > MAX_RANGE_BYTES && blocks.length > 0) break;
    blocks.push(final);
  }
  return blocks;
}
