// What validators say to each other, in fixed bytes: version u8 | type u8 | the fields of that type.

import { accept, type Result, refuse } from '../wire/codes.ts';
import { MAX_MESSAGE_BYTES, MAX_SET_POWER, MAX_SYNC_BLOCKS } from '../wire/limits.ts';
import { BEACON_BYTES } from './beacon.ts';
import { blockBytes, blockPartBytes, readBlock, readBlockPart, writeBlock, writeBlockPart } from './block-codec.ts';
import { certificateBytes, readCertificate, writeCertificate } from './certificate-codec.ts';
import { conflictBytes, readConflict, writeConflict } from './conflict-codec.ts';
import { HASH_BYTES, LayoutReader, LayoutWriter } from './fixed-layout.ts';
import { type Handover, handoverBytes, readHandover, writeHandover } from './handover-codec.ts';
import {
  POSITION_NONCE_BYTES,
  readSignedPosition,
  SIGNED_POSITION_BYTES,
  type SignedPosition,
  writeSignedPosition,
} from './position.ts';
import {
  keysBytes,
  offersBytes,
  readKeys,
  readOffers,
  type SnapshotOffer,
  writeKeys,
  writeOffers,
} from './snapshot-codec.ts';
import type { Block, BlockPart, Certificate, CommitConflict, FinalBlock, SignedProposal, SignedVote } from './types.ts';
import {
  readSignedProposal,
  readSignedVote,
  SIGNED_STATEMENT_BYTES,
  writeSignedProposal,
  writeSignedVote,
} from './vote-codec.ts';

const VERSION = 1;
const TYPES = [
  'proposal',
  'vote',
  'certificate',
  'status',
  'beacon.partial',
  'range.request',
  'range',
  'position.request',
  'position',
  'conflict',
  'part',
  'part.request',
  'range.slice',
  'snapshots.request',
  'snapshots',
  'manifest.request',
  'manifest',
  'chunk.request',
  'chunk',
  'handover.request',
  'handover',
] as const;

/** Everything on `cs.v1.>` and `sync.v1.*`. Nothing in it is trusted before the core has checked it. */
export type ConsensusMessage =
  | {
      readonly type: 'proposal';
      readonly proposal: SignedProposal;
      readonly polka?: Certificate;
      /** Absent where its body travels in parts. */
      readonly block?: Block;
    }
  | { readonly type: 'vote'; readonly vote: SignedVote }
  | { readonly type: 'certificate'; readonly certificate: Certificate; readonly block?: Block }
  | {
      readonly type: 'status';
      /** Key id of the sender: sets differ by height, and so do the places in them. */
      readonly from: string;
      readonly height: number;
      readonly round: number;
      readonly lowest_height: number;
    }
  /** The shares of the beacon of `height`, one for each seat of the sender: they prove themselves against its public shares. */
  | {
      readonly type: 'beacon.partial';
      readonly epoch: number;
      readonly height: number;
      readonly validator: number;
      readonly signatures: readonly Uint8Array[];
    }
  /** `offset_bytes`: where to go on in an answer that does not fit one message; 0 at first. */
  | {
      readonly type: 'range.request';
      readonly first_height: number;
      readonly last_height: number;
      readonly offset_bytes: number;
    }
  | { readonly type: 'range'; readonly blocks: readonly FinalBlock[] }
  /** Asked by a validator that forgot what it said: the answer must be signed after the question. */
  | { readonly type: 'position.request'; readonly nonce: Uint8Array }
  | { readonly type: 'position'; readonly position: SignedPosition; readonly certificate?: Certificate }
  /** Why its sender has stopped: proves itself. */
  | { readonly type: 'conflict'; readonly conflict: CommitConflict }
  | { readonly type: 'part'; readonly part: BlockPart }
  /** For a part of a body of the present height. */
  | { readonly type: 'part.request'; readonly height: number; readonly value: string; readonly index: number }
  /** A piece of a `range` that is larger than a message: bytes from `offset_bytes` on, of `total_bytes`. */
  | {
      readonly type: 'range.slice';
      readonly offset_bytes: number;
      readonly total_bytes: number;
      readonly bytes: Uint8Array;
    }
  | { readonly type: 'snapshots.request' }
  | { readonly type: 'snapshots'; readonly lowest_height: number; readonly snapshots: readonly SnapshotOffer[] }
  | { readonly type: 'manifest.request'; readonly height: number }
  /** The keys at which the chunks of a snapshot begin. */
  | { readonly type: 'manifest'; readonly first_keys: readonly string[] }
  | { readonly type: 'chunk.request'; readonly height: number; readonly index: number }
  /** Bytes of a chunk as they are stored (`decodeChunk`); none: not held. */
  | { readonly type: 'chunk'; readonly bytes: Uint8Array }
  /** How the chain was handed over to the set of this epoch: the answer proves itself to whoever knows the set before. */
  | { readonly type: 'handover.request'; readonly epoch: number }
  /** Absent: not held. */
  | { readonly type: 'handover'; readonly handover?: Handover };

/** A message as it travels. */
export const encodeConsensusMessage = (message: ConsensusMessage): Uint8Array =>
  writeConsensusMessage(new LayoutWriter(consensusMessageBytes(message)), message).bytes;

/** Bytes of a message on the wire. */
export const consensusMessageBytes = (message: ConsensusMessage): number => 2 + bodySize(message);

/** Append a message. */
export const writeConsensusMessage = (writer: LayoutWriter, message: ConsensusMessage): LayoutWriter =>
  writeBody(writer.u8(VERSION).u8(TYPES.indexOf(message.type)), message);

/**
 * Refuses with MESSAGE_TOO_LARGE or CONSENSUS_MALFORMED; never throws. Byte fields are views into `bytes`.
 *
 * @param max_bytes larger than a message where it was put together from several, or comes from the own disk
 */
export function decodeConsensusMessage(bytes: Uint8Array, max_bytes = MAX_MESSAGE_BYTES): Result<ConsensusMessage> {
  if (bytes.length > max_bytes) return refuse('MESSAGE_TOO_LARGE', `${bytes.length} bytes`);
  const reader = new LayoutReader(bytes);
  const version = reader.u8();
  const type = TYPES[reader.u8()];
  if (version !== VERSION || type === undefined) return refuse('CONSENSUS_MALFORMED', `version ${version}`);
  const message = readBody(reader, type);
  return reader.isDone ? accept(message) : refuse('CONSENSUS_MALFORMED', type);
}

/** Bytes of one final block inside a range; the server of ranges adds up to what a message takes. */
export const finalBlockBytes = (final: FinalBlock): number =>
  blockBytes(final.block) + certificateBytes(final.certificate);

/** Block | certificate. */
export const encodeFinalBlock = (final: FinalBlock): Uint8Array =>
  writeFinalBlock(new LayoutWriter(finalBlockBytes(final)), final).bytes;

/** Refuses with BLOCK_MALFORMED. */
export function decodeFinalBlock(bytes: Uint8Array): Result<FinalBlock> {
  const reader = new LayoutReader(bytes);
  const final = readFinalBlock(reader);
  return reader.isDone ? accept(final) : refuse('BLOCK_MALFORMED', 'final block');
}

function bodySize(message: ConsensusMessage): number {
  switch (message.type) {
    case 'proposal':
      return (
        SIGNED_STATEMENT_BYTES + optionSize(message.polka, certificateBytes) + optionSize(message.block, blockBytes)
      );
    case 'vote':
      return SIGNED_STATEMENT_BYTES;
    case 'certificate':
      return certificateBytes(message.certificate) + optionSize(message.block, blockBytes);
    case 'status':
      return HASH_BYTES + 8 + 4 + 8;
    case 'beacon.partial':
      return 8 + 8 + 2 + 1 + message.signatures.length * BEACON_BYTES;
    case 'range.request':
      return 20;
    case 'range':
      return 2 + message.blocks.reduce((sum, final) => sum + finalBlockBytes(final), 0);
    case 'snapshots.request':
      return 0;
    case 'snapshots':
      return 8 + offersBytes(message.snapshots);
    case 'manifest.request':
      return 8;
    case 'manifest':
      return keysBytes(message.first_keys);
    case 'chunk.request':
      return 8 + 4;
    case 'chunk':
      return 4 + message.bytes.length;
    case 'handover.request':
      return 8;
    case 'handover':
      return optionSize(message.handover, handoverBytes);
    case 'position.request':
      return POSITION_NONCE_BYTES;
    case 'position':
      return SIGNED_POSITION_BYTES + optionSize(message.certificate, certificateBytes);
    case 'conflict':
      return conflictBytes(message.conflict);
    case 'part':
      return blockPartBytes(message.part);
    case 'part.request':
      return 8 + HASH_BYTES + 2;
    case 'range.slice':
      return 4 + 4 + 4 + message.bytes.length;
  }
}

function writeBody(writer: LayoutWriter, message: ConsensusMessage): LayoutWriter {
  switch (message.type) {
    case 'proposal':
      writeOption(writeSignedProposal(writer, message.proposal), message.polka, writeCertificate);
      return writeOption(writer, message.block, writeBlock);
    case 'vote':
      return writeSignedVote(writer, message.vote);
    case 'certificate':
      return writeOption(writeCertificate(writer, message.certificate), message.block, writeBlock);
    case 'status':
      return writer.hash(message.from).u64(message.height).u32(message.round).u64(message.lowest_height);
    case 'beacon.partial':
      writer.u64(message.epoch).u64(message.height).u16(message.validator).u8(message.signatures.length);
      for (const signature of message.signatures) writer.raw(signature);
      return writer;
    case 'range.request':
      return writer.u64(message.first_height).u64(message.last_height).u32(message.offset_bytes);
    case 'range':
      writer.u16(message.blocks.length);
      for (const final of message.blocks) writeFinalBlock(writer, final);
      return writer;
    case 'snapshots.request':
      return writer;
    case 'snapshots':
      return writeOffers(writer.u64(message.lowest_height), message.snapshots);
    case 'manifest.request':
      return writer.u64(message.height);
    case 'manifest':
      return writeKeys(writer, message.first_keys);
    case 'chunk.request':
      return writer.u64(message.height).u32(message.index);
    case 'chunk':
      return writer.sized(message.bytes);
    case 'handover.request':
      return writer.u64(message.epoch);
    case 'handover':
      return writeOption(writer, message.handover, writeHandover);
    case 'position.request':
      return writer.raw(message.nonce);
    case 'position':
      return writeOption(writeSignedPosition(writer, message.position), message.certificate, writeCertificate);
    case 'conflict':
      return writeConflict(writer, message.conflict);
    case 'part':
      return writeBlockPart(writer, message.part);
    case 'part.request':
      return writer.u64(message.height).hash(message.value).u16(message.index);
    case 'range.slice':
      return writer.u32(message.offset_bytes).u32(message.total_bytes).sized(message.bytes);
  }
}

function readBody(reader: LayoutReader, type: ConsensusMessage['type']): ConsensusMessage {
  switch (type) {
    case 'proposal': {
      const proposal = readSignedProposal(reader);
      const polka = readOption(reader, readCertificate);
      const block = readOption(reader, readBlock);
      return { type, proposal, ...(polka && { polka }), ...(block && { block }) };
    }
    case 'vote':
      return { type, vote: readSignedVote(reader) };
    case 'certificate': {
      const certificate = readCertificate(reader);
      const block = readOption(reader, readBlock);
      return block === undefined ? { type, certificate } : { type, certificate, block };
    }
    case 'status':
      return { type, from: reader.hash(), height: reader.u64(), round: reader.u32(), lowest_height: reader.u64() };
    case 'beacon.partial':
      return {
        type,
        epoch: reader.u64(),
        height: reader.u64(),
        validator: reader.u16(),
        signatures: readShares(reader),
      };
    case 'range.request':
      return { type, first_height: reader.u64(), last_height: reader.u64(), offset_bytes: reader.u32() };
    case 'range':
      return { type, blocks: readRange(reader) };
    case 'snapshots.request':
      return { type };
    case 'snapshots':
      return { type, lowest_height: reader.u64(), snapshots: readOffers(reader) };
    case 'manifest.request':
      return { type, height: reader.u64() };
    case 'manifest':
      return { type, first_keys: readKeys(reader) };
    case 'chunk.request':
      return { type, height: reader.u64(), index: reader.u32() };
    case 'chunk':
      return { type, bytes: reader.sized(MAX_MESSAGE_BYTES) };
    case 'handover.request':
      return { type, epoch: reader.u64() };
    case 'handover': {
      const handover = readOption(reader, readHandover);
      return handover === undefined ? { type } : { type, handover };
    }
    case 'position.request':
      return { type, nonce: reader.raw(POSITION_NONCE_BYTES) };
    case 'position': {
      const position = readSignedPosition(reader);
      const certificate = readOption(reader, readCertificate);
      return certificate === undefined ? { type, position } : { type, position, certificate };
    }
    case 'conflict':
      return { type, conflict: readConflict(reader) };
    case 'part':
      return { type, part: readBlockPart(reader) };
    case 'part.request':
      return { type, height: reader.u64(), value: reader.hash(), index: reader.u16() };
    case 'range.slice':
      return {
        type,
        offset_bytes: reader.u32(),
        total_bytes: reader.u32(),
        bytes: reader.sized(MAX_MESSAGE_BYTES),
      };
  }
}

function readShares(reader: LayoutReader): Uint8Array[] {
  const count = reader.u8();
  if (count === 0 || count > MAX_SET_POWER) reader.fail();
  return reader.hasFailed ? [] : Array.from({ length: count }, () => reader.raw(BEACON_BYTES));
}

function readRange(reader: LayoutReader): FinalBlock[] {
  const count = reader.u16();
  if (count > MAX_SYNC_BLOCKS) reader.fail();
  const blocks: FinalBlock[] = [];
  for (let i = 0; i < count && !reader.hasFailed; i++) blocks.push(readFinalBlock(reader));
  return blocks;
}

const writeFinalBlock = (writer: LayoutWriter, final: FinalBlock): LayoutWriter =>
  writeCertificate(writeBlock(writer, final.block), final.certificate);
const readFinalBlock = (reader: LayoutReader): FinalBlock => ({
  block: readBlock(reader),
  certificate: readCertificate(reader),
});

/** Optional parts: u8 0, or u8 1 and the part. */
const optionSize = <T>(part: T | undefined, size: (part: T) => number): number =>
  part === undefined ? 1 : 1 + size(part);

function writeOption<T>(
  writer: LayoutWriter,
  part: T | undefined,
  write: (writer: LayoutWriter, part: T) => LayoutWriter,
): LayoutWriter {
  writer.u8(part === undefined ? 0 : 1);
  return part === undefined ? writer : write(writer, part);
}

function readOption<T>(reader: LayoutReader, read: (reader: LayoutReader) => T): T | undefined {
  const flag = reader.u8();
  if (flag > 1) reader.fail();
  return flag === 1 ? read(reader) : undefined;
}
