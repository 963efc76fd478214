// What a state sync under way rests on, in the store: which snapshot (`snap/plan`), and which of its chunks are in the ledger's rows
// (`snap/taken/<n>`). A crash goes on from there.

import { decodeHeader } from '#schemas/consensus/block-codec.ts';
import { HASH_BYTES, LayoutReader, LayoutWriter } from '#schemas/consensus/fixed-layout.ts';
import { decodeFinalBlock, encodeFinalBlock } from '#schemas/consensus/message-codec.ts';
import { keysBytes, readKeys, type StateChunk, writeKeys } from '#schemas/consensus/snapshot-codec.ts';
import type { FinalBlock, Header } from '#schemas/consensus/types.ts';
import { MAX_MESSAGE_BYTES } from '#schemas/wire/limits.ts';
import { finalOps, lowestOp } from '../consensus/block-store.ts';
import { TESTIMONY } from '../consensus/testimony-store.ts';
import type { Store, StoreOp } from '../store/store.ts';
import { dropRows } from './snapshot-rows.ts';

const PLAN_KEY = 'snap/plan';
const CHUNKS = 'snap/taken/';
const STATE = 'state/';
/** Deleted in one go. */
const DELETED_AT_ONCE = 4_096;

/** The snapshot that is being fetched. `root` is the one that a quorum certified for it, and `final` its block, certified too. */
export type SyncPlan = {
  readonly height: number;
  readonly root: Uint8Array;
  readonly final: FinalBlock;
  /** Where its chunks begin: a hint, which the chunks prove or not. */
  readonly first_keys: readonly string[];
};

/** What the store keeps of a chunk that it has: how it joins its neighbours, and who gave it. */
export type ChunkNote = {
  /** Hashes over what stands to the left of its first row, and over what then stands left of the next chunk's first. */
  readonly left: string;
  readonly next_left: string;
  /** Id of the validator, hex. */
  readonly from: string;
};

export async function readPlan(store: Store): Promise<SyncPlan | undefined> {
  const row = await store.get(PLAN_KEY);
  if (row === undefined) return undefined;
  const reader = new LayoutReader(row);
  const [height, root] = [reader.u64(), reader.raw(HASH_BYTES)];
  const final = decodeFinalBlock(reader.sized(MAX_MESSAGE_BYTES));
  const first_keys = readKeys(reader);
  if (!reader.isDone || !final.ok) throw new Error(`the row ${PLAN_KEY} cannot be read`);
  return { height, root, final: final.value, first_keys };
}

/** From here on the ledger's rows are those of the snapshot, as far as they are there: the old ones go first. */
export async function beginPlan(store: Store, plan: SyncPlan): Promise<void> {
  const final = encodeFinalBlock(plan.final);
  const writer = new LayoutWriter(8 + HASH_BYTES + 4 + final.length + keysBytes(plan.first_keys));
  const value = writeKeys(writer.u64(plan.height).raw(plan.root).sized(final), plan.first_keys).bytes;
  await dropRows(store, CHUNKS, DELETED_AT_ONCE);
  await store.batch([{ type: 'put', key: PLAN_KEY, value }]);
  await dropRows(store, STATE, DELETED_AT_ONCE);
}

export async function readNotes(store: Store): Promise<Map<number, ChunkNote>> {
  const notes = new Map<number, ChunkNote>();
  for await (const [key, value] of store.scan(CHUNKS)) {
    const reader = new LayoutReader(value);
    notes.set(Number(key.slice(CHUNKS.length)), {
      left: reader.hash(),
      next_left: reader.hash(),
      from: reader.hash(),
    });
  }
  return notes;
}

/** The rows of a chunk, and that they are there, in one write. */
export const chunkOps = (index: number, rows: StateChunk['rows'], note: ChunkNote): StoreOp[] => [
  ...rows.map(({ key, value }): StoreOp => ({ type: 'put', key: STATE + key, value })),
  {
    type: 'put',
    key: chunkKey(index),
    value: new LayoutWriter(3 * HASH_BYTES).hash(note.left).hash(note.next_left).hash(note.from).bytes,
  },
];

/** Forget a chunk: its rows are those from its first key up to `next`. */
export async function dropChunk(store: Store, index: number, first: string, next: string | undefined): Promise<void> {
  await store.append([{ type: 'del', key: chunkKey(index) }]);
  let ops: StoreOp[] = [{ type: 'del', key: STATE + first }];
  for await (const [key] of store.scan(STATE, { after: STATE + first })) {
    if (next !== undefined && key >= STATE + next) break;
    ops.push({ type: 'del', key });
    if (ops.length < DELETED_AT_ONCE) continue;
    await store.append(ops);
    ops = [];
  }
  await store.append(ops);
}

/** All rows are here: the node stands at the height of the snapshot, and holds blocks from there on. */
export async function finishPlan(store: Store, { height, final }: SyncPlan, state_root: string): Promise<void> {
  const { time_ms } = headerOf(final);
  const tip = { height, id: final.certificate.value ?? '', time_ms, state_root };
  for (const rows of ['cs/log/', TESTIMONY]) await dropRows(store, rows, DELETED_AT_ONCE); // of heights decided long ago
  await store.batch([...finalOps(tip, final), lowestOp(height), { type: 'del', key: PLAN_KEY }]);
  await dropRows(store, CHUNKS, DELETED_AT_ONCE);
}

function headerOf({ block }: FinalBlock): Header {
  const header = decodeHeader(block.header);
  if (!header.ok) throw new Error(`the block of a snapshot cannot be read: ${header.code}`);
  return header.value;
}

const chunkKey = (index: number): string => CHUNKS + String(index).padStart(12, '0');
