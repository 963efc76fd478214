// Snapshots of the ledger as they travel and as they are stored: what there is, where its chunks begin, and one chunk with its proof.
import {
  MAX_CHUNK_ROWS,
  MAX_MESSAGE_BYTES,
  MAX_ROW_KEY_LENGTH,
  MAX_SNAPSHOT_CHUNKS,
  MAX_SNAPSHOTS_TOLD,
} from '../wire/limits.ts';
import { HASH_BYTES, LayoutReader, type LayoutWriter } from './fixed-layout.ts';

/** A snapshot that a validator holds: the ledger's rows after block `height`. Nothing but its chunks proves anything. */
export type SnapshotOffer = {
  readonly height: number;
  /** SHA-256 over the encoded keys at which its chunks begin, hex: equal offers are served by each other's holders. */
  readonly manifest: string;
};

/** Bit of a branch, and the hash of the side that is not in the chunk. */
type Side = { readonly bit: number; readonly sibling: Uint8Array };
/** A run of rows in key order, with what stands beside it in the tree (machines/primitives/state-range.ts). */
export type StateChunk = {
  readonly rows: readonly { readonly key: string; readonly value: Uint8Array }[];
  readonly left: readonly Side[];
  readonly right: readonly Side[];
};

const SIDE_BYTES = 2 + HASH_BYTES;
/** A side at each bit of a key at most, left and right together. */
const MAX_SIDES = 8 * MAX_ROW_KEY_LENGTH;

export const offersBytes = (offers: readonly SnapshotOffer[]): number => 1 + offers.length * (8 + HASH_BYTES);
export const keysBytes = (keys: readonly string[]): number => keys.reduce((sum, key) => sum + 1 + key.length, 4);
/** Bytes of one row in a chunk. */
export const rowBytes = (key: string, value: Uint8Array): number => 1 + key.length + 4 + value.length;
export const rowsBytes = (rows: StateChunk['rows']): number =>
  rows.reduce((sum, { key, value }) => sum + rowBytes(key, value), 4);
export const sidesBytes = ({ left, right }: Pick<StateChunk, 'left' | 'right'>): number =>
  4 + SIDE_BYTES * (left.length + right.length);

/** count u8 | (height u64 | manifest 32)*. */
export function writeOffers(writer: LayoutWriter, offers: readonly SnapshotOffer[]): LayoutWriter {
  writer.u8(offers.length);
  for (const { height, manifest } of offers) writer.u64(height).hash(manifest);
  return writer;
}

export function readOffers(reader: LayoutReader): SnapshotOffer[] {
  const count = reader.u8();
  if (count > MAX_SNAPSHOTS_TOLD) reader.fail();
  return list(reader, count, () => ({ height: reader.u64(), manifest: reader.hash() }));
}

/** count u32 | (length u8 | key)*. */
export function writeKeys(writer: LayoutWriter, keys: readonly string[]): LayoutWriter {
  writer.u32(keys.length);
  for (const key of keys) writeKey(writer, key);
  return writer;
}

export function readKeys(reader: LayoutReader): string[] {
  const count = reader.u32();
  if (count > MAX_SNAPSHOT_CHUNKS) reader.fail();
  return list(reader, count, () => readKey(reader));
}

/** Rows | sides: what `writeRows` and `writeSides` wrote, one after the other. Undefined where the bytes are no chunk. */
export function decodeChunk(bytes: Uint8Array): StateChunk | undefined {
  const reader = new LayoutReader(bytes);
  const chunk = { rows: readRows(reader), ...readSides(reader) };
  return reader.isDone ? chunk : undefined;
}

/** count u32 | (length u8 | key | length u32 | value)*. */
export function writeRows(writer: LayoutWriter, rows: StateChunk['rows']): LayoutWriter {
  writer.u32(rows.length);
  for (const { key, value } of rows) writeKey(writer, key).sized(value);
  return writer;
}

function readRows(reader: LayoutReader): StateChunk['rows'] {
  const count = reader.u32();
  if (count > MAX_CHUNK_ROWS) reader.fail();
  return list(reader, count, () => ({ key: readKey(reader), value: reader.sized(MAX_MESSAGE_BYTES) }));
}

/** Left, right: each count u16 | (bit u16 | hash 32)*. */
export const writeSides = (writer: LayoutWriter, { left, right }: Pick<StateChunk, 'left' | 'right'>): LayoutWriter =>
  writeSteps(writeSteps(writer, left), right);
const readSides = (reader: LayoutReader): Pick<StateChunk, 'left' | 'right'> => ({
  left: readSteps(reader),
  right: readSteps(reader),
});

function writeKey(writer: LayoutWriter, key: string): LayoutWriter {
  writer.u8(key.length);
  for (let i = 0; i < key.length; i++) writer.u8(key.charCodeAt(i));
  return writer;
}

/** Bytes above 0x7f give a key that no row has: whoever judges it refuses it. */
function readKey(reader: LayoutReader): string {
  let key = '';
  for (const byte of reader.raw(reader.u8())) key += String.fromCharCode(byte);
  return key;
}

function writeSteps(writer: LayoutWriter, steps: readonly Side[]): LayoutWriter {
  writer.u16(steps.length);
  for (const { bit, sibling } of steps) writer.u16(bit).raw(sibling);
  return writer;
}

function readSteps(reader: LayoutReader): Side[] {
  const count = reader.u16();
  if (count > MAX_SIDES) reader.fail();
  return list(reader, count, () => ({ bit: reader.u16(), sibling: reader.raw(HASH_BYTES) }));
}

function list<T>(reader: LayoutReader, count: number, read: () => T): T[] {
  const items: T[] = [];
  for (let i = 0; i < count && !reader.hasFailed; i++) items.push(read());
  return items;
}
