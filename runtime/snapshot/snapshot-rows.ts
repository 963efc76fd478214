// Snapshots in the store: `snap/head/<height>` is empty while one is being made, then the hash of its manifest, which is at
// `snap/chunk/<height>/keys`. `snap/chunk/<height>/rows/<n>` and `…/sides/<n>` make chunk n.
import { LayoutReader, LayoutWriter } from '#schemas/consensus/fixed-layout.ts';
import {
  keysBytes,
  readKeys,
  rowsBytes,
  type SnapshotOffer,
  type StateChunk,
  sidesBytes,
  writeKeys,
  writeRows,
  writeSides,
} from '#schemas/consensus/snapshot-codec.ts';
import { sha256 } from '../keys/sha256.ts';
import type { Store, StoreOp } from '../store/store.ts';

const HEADS = 'snap/head/';
const padded = (n: number): string => String(n).padStart(12, '0');
const headKey = (height: number): string => HEADS + padded(height);
const chunksOf = (height: number): string => `snap/chunk/${padded(height)}/`;
const keysKey = (height: number): string => `${chunksOf(height)}keys`;
const rowsKey = (height: number, index: number): string => `${chunksOf(height)}rows/${padded(index)}`;
const sidesKey = (height: number, index: number): string => `${chunksOf(height)}sides/${padded(index)}`;

/** Rows of a snapshot deleted in one go: 8 MB read for it. */
const CHUNKS_AT_ONCE = 8;

type Rows = StateChunk['rows'];
type Sides = Pick<StateChunk, 'left' | 'right'>;

/** A snapshot is begun. */
export const beginOp = (height: number): StoreOp => ({ type: 'put', key: headKey(height), value: new Uint8Array(0) });

/** The rows of a chunk; its sides follow when the last chunk is made. */
export const chunkRowsOp = (height: number, index: number, rows: Rows): StoreOp => ({
  type: 'put',
  key: rowsKey(height, index),
  value: writeRows(new LayoutWriter(rowsBytes(rows)), rows).bytes,
});

/** What makes a snapshot whole: the sides of its chunks, the keys at which these begin, and its name. */
export function completionOps(height: number, first_keys: readonly string[], sides: readonly Sides[]): StoreOp[] {
  const keys = manifestBytes(first_keys);
  return [
    ...sides.map(
      (side, i): StoreOp => ({
        type: 'put',
        key: sidesKey(height, i),
        value: writeSides(new LayoutWriter(sidesBytes(side)), side).bytes,
      }),
    ),
    { type: 'put', key: keysKey(height), value: keys },
    { type: 'put', key: headKey(height), value: sha256(keys) },
  ];
}

/** Bytes of a manifest; SHA-256 over them names it. */
export const manifestBytes = (first_keys: readonly string[]): Uint8Array =>
  writeKeys(new LayoutWriter(keysBytes(first_keys)), first_keys).bytes;

/** The snapshots that are whole, lowest first. */
export async function readSnapshots(store: Store): Promise<SnapshotOffer[]> {
  const found: SnapshotOffer[] = [];
  for await (const [key, value] of store.scan(HEADS))
    if (value.length > 0) found.push({ height: heightOf(key), manifest: Buffer.from(value).toString('hex') });
  return found;
}

const heightOf = (key: string): number => Number(key.slice(HEADS.length));

/** The keys at which its chunks begin. */
export async function readManifest(store: Store, height: number): Promise<readonly string[] | undefined> {
  const bytes = await store.get(keysKey(height));
  return bytes && readKeys(new LayoutReader(bytes));
}

/** Bytes of a chunk, as they travel; none where it is not held. */
export async function readChunk(store: Store, height: number, index: number): Promise<Uint8Array> {
  const rows = await store.get(rowsKey(height, index));
  const sides = await store.get(sidesKey(height, index));
  return rows === undefined || sides === undefined ? new Uint8Array(0) : Buffer.concat([rows, sides]);
}

/** Delete every snapshot that `isWanted` does not name, whole or not: its name last, so that a crash forgets nothing. */
export async function dropSnapshots(store: Store, isWanted: (height: number) => boolean): Promise<void> {
  const heights: number[] = [];
  for await (const [key] of store.scan(HEADS)) heights.push(heightOf(key));
  for (const height of heights.filter((one) => !isWanted(one))) {
    await store.append([beginOp(height)]);
    await dropRows(store, chunksOf(height), CHUNKS_AT_ONCE);
    await store.append([{ type: 'del', key: headKey(height) }]);
  }
}

/**
 * Delete the rows under a prefix.
 *
 * @param at_once rows in one write, which are read for it: few where they are large
 */
export async function dropRows(store: Store, prefix: string, at_once: number): Promise<void> {
  for (let after: string | undefined; ; ) {
    const ops: StoreOp[] = [];
    const page = after === undefined ? { limit: at_once } : { limit: at_once, after };
    for await (const [key] of store.scan(prefix, page)) ops.push({ type: 'del', key });
    if (ops.length === 0) return;
    await store.append(ops);
    after = ops.at(-1)?.key;
  }
}
