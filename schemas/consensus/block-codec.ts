// Headers, blocks and validator sets in fixed bytes: what is hashed is exactly what travels.
import { hexToBytes } from '@noble/hashes/utils.js';
import { accept, type Result, refuse } from '../wire/codes.ts';
import { MAX_BLOCK_BYTES, MAX_BLOCK_TXS, MAX_TX_BYTES } from '../wire/limits.ts';
import { BEACON_BYTES } from './beacon.ts';
import { HASH_BYTES, LayoutReader, LayoutWriter } from './fixed-layout.ts';
import type { Block, Header, ValidatorSet } from './types.ts';

/** v u8 | chain | epoch u64 | height u64 | time_ms u64 | proposer u16 | previous | txs_root | state_root | validators_hash | beacon length u8. */
const HEADER_FIXED_BYTES = 1 + 3 * 8 + 2 + 5 * HASH_BYTES + 1;
const MAX_HEADER_BYTES = HEADER_FIXED_BYTES + BEACON_BYTES;

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
    .hash(h.state_root)
    .hash(h.validators_hash)
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
    state_root: reader.hash(),
    validators_hash: reader.hash(),
    beacon: reader.raw(reader.u8()),
  };
  const isBeacon = [0, BEACON_BYTES].includes(header.beacon.length);
  return reader.isDone && version === 1 && isBeacon ? accept(header) : refuse('BLOCK_MALFORMED', 'header');
}

/** Bytes of a block on the wire. */
export const blockBytes = (block: Block): number => 4 + block.header.length + 4 + bodyBytes(block.txs);
/** Bytes of the transactions with their lengths: what `MAX_BLOCK_BYTES` bounds. */
export const bodyBytes = (txs: readonly Uint8Array[]): number => txs.reduce((sum, tx) => sum + 4 + tx.length, 0);

/** Append: u32 length | header | u32 count | (u32 length | transaction)*. */
export function writeBlock(writer: LayoutWriter, block: Block): LayoutWriter {
  writer.sized(block.header).u32(block.txs.length);
  for (const tx of block.txs) writer.sized(tx);
  return writer;
}

/** The next block; fails the reader where the bytes are none or above a limit. */
export function readBlock(reader: LayoutReader): Block {
  const header = reader.sized(MAX_HEADER_BYTES);
  const count = reader.u32();
  if (count > MAX_BLOCK_TXS) reader.fail();
  const txs: Uint8Array[] = [];
  for (let i = 0; i < count && !reader.hasFailed; i++) txs.push(reader.sized(MAX_TX_BYTES));
  if (bodyBytes(txs) > MAX_BLOCK_BYTES) reader.fail();
  return { header, txs };
}

/** What `validators_hash` hashes: count u16 | (id 32 | operator 32 | power u32 | beacon share, u32 length first | cosigner 32)*. */
export function encodeValidatorSet(set: ValidatorSet): Uint8Array {
  const shares = set.map((validator) => hexToBytes(validator.beacon_share));
  const size = set.reduce((sum, _, i) => sum + 3 * HASH_BYTES + 8 + (shares[i]?.length ?? 0), 2);
  const writer = new LayoutWriter(size).u16(set.length);
  set.forEach((validator, i) => {
    writer.hash(validator.id).hash(validator.operator).u32(validator.power);
    writer.sized(shares[i] ?? new Uint8Array(0)).hash(validator.cosigner);
  });
  return writer.bytes;
}
