// Headers and blocks in fixed bytes: what is hashed is exactly what travels.
import { accept, type Result, refuse } from '../wire/codes.ts';
import { BLOCK_PART_BYTES, MAX_BLOCK_BYTES, MAX_BLOCK_PARTS, MAX_BLOCK_TXS, MAX_TX_BYTES } from '../wire/limits.ts';
import { BEACON_BYTES } from './beacon.ts';
import { HASH_BYTES, LayoutReader, LayoutWriter } from './fixed-layout.ts';
import type { Block, BlockPart, Header } from './types.ts';

/** v u8 | chain | epoch u64 | height u64 | time_ms u64 | proposer u16 | previous | txs_root | parts_hash | state_root | validators_hash | next | beacon length u8. */
const HEADER_FIXED_BYTES = 1 + 3 * 8 + 2 + 7 * HASH_BYTES + 1;
/** Bytes of the largest header. */
export const MAX_HEADER_BYTES = HEADER_FIXED_BYTES + BEACON_BYTES;

/** Header bytes; the block id is SHA-256 over them. */
export const encodeHeader = (h: Header): Uint8Array =>
  new LayoutWriter(HEADER_FIXED_BYTES + h.beacon.length)
    .u8(h.v)
    .hash(h.chain)
    .u64(h.epoch)
    .u64(h.height)
    .u64(h.time_ms)
    .u16(h.proposer)
    .hash(h.previous)
    .hash(h.txs_root)
    .hash(h.parts_hash)
    .hash(h.state_root)
    .hash(h.validators_hash)
    .hash(h.next_validators_hash)
    .u8(h.beacon.length)
    .raw(h.beacon).bytes;

/** Refuses with BLOCK_MALFORMED. */
export function decodeHeader(bytes: Uint8Array): Result<Header> {
  const reader = new LayoutReader(bytes);
  const version = reader.u8();
  const header: Header = {
    v: 1,
    chain: reader.hash(),
    epoch: reader.u64(),
    height: reader.u64(),
    time_ms: reader.u64(),
    proposer: reader.u16(),
    previous: reader.hash(),
    txs_root: reader.hash(),
    parts_hash: reader.hash(),
    state_root: reader.hash(),
    validators_hash: reader.hash(),
    next_validators_hash: reader.hash(),
    beacon: reader.raw(reader.u8()),
  };
  const isBeacon = [0, BEACON_BYTES].includes(header.beacon.length);
  return reader.isDone && version === 1 && isBeacon ? accept(header) : refuse('BLOCK_MALFORMED', 'header');
}

/** Bytes of a block on the wire. */
export const blockBytes = (block: Block): number => 4 + block.header.length + 4 + bodyBytes(block.txs);
/** Bytes of the transactions with their lengths: what `MAX_BLOCK_BYTES` bounds. */
export const bodyBytes = (txs: readonly Uint8Array[]): number => txs.reduce((sum, tx) => sum + 4 + tx.length, 0);

/** Append: u32 length | header | body. */
export const writeBlock = (writer: LayoutWriter, { header, txs }: Block): LayoutWriter =>
  writeBody(writer.sized(header), txs);

/** The next block; fails the reader where the bytes are none or above a limit. */
export const readBlock = (reader: LayoutReader): Block => ({
  header: reader.sized(MAX_HEADER_BYTES),
  txs: readBody(reader),
});

/** u32 count | (u32 length | transaction)*: what is cut into parts. */
export const encodeBody = (txs: readonly Uint8Array[]): Uint8Array =>
  writeBody(new LayoutWriter(4 + bodyBytes(txs)), txs).bytes;

/** Refuses with BLOCK_MALFORMED. The transactions are views into `bytes`. */
export function decodeBody(bytes: Uint8Array): Result<readonly Uint8Array[]> {
  const reader = new LayoutReader(bytes);
  const txs = readBody(reader);
  return reader.isDone ? accept(txs) : refuse('BLOCK_MALFORMED', 'body');
}

/** Bytes of a part on the wire. */
export const blockPartBytes = (part: BlockPart): number =>
  4 + part.header.length + 2 + part.part_hashes.length * HASH_BYTES + 2 + 4 + part.bytes.length;

/** Append: u32 length | header | u16 count | hash* | u16 index | u32 length | bytes. */
export function writeBlockPart(writer: LayoutWriter, part: BlockPart): LayoutWriter {
  writer.sized(part.header).u16(part.part_hashes.length);
  for (const hash of part.part_hashes) writer.raw(hash);
  return writer.u16(part.index).sized(part.bytes);
}

/** The next part; fails the reader where the bytes are none or above a limit. */
export function readBlockPart(reader: LayoutReader): BlockPart {
  const header = reader.sized(MAX_HEADER_BYTES);
  const count = reader.u16();
  if (count > MAX_BLOCK_PARTS) reader.fail();
  const part_hashes: Uint8Array[] = [];
  for (let i = 0; i < count && !reader.hasFailed; i++) part_hashes.push(reader.raw(HASH_BYTES));
  const index = reader.u16();
  if (index >= count) reader.fail();
  return { header, part_hashes, index, bytes: reader.sized(BLOCK_PART_BYTES) };
}

function writeBody(writer: LayoutWriter, txs: readonly Uint8Array[]): LayoutWriter {
  writer.u32(txs.length);
  for (const tx of txs) writer.sized(tx);
  return writer;
}

function readBody(reader: LayoutReader): readonly Uint8Array[] {
  const count = reader.u32();
  if (count > MAX_BLOCK_TXS) reader.fail();
  const txs: Uint8Array[] = [];
  for (let i = 0; i < count && !reader.hasFailed; i++) txs.push(reader.sized(MAX_TX_BYTES));
  if (bodyBytes(txs) > MAX_BLOCK_BYTES) reader.fail();
  return txs;
}
