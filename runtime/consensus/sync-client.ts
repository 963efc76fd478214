// Asks one peer for final blocks, for a part of a body, or for where it stands. No answer and a wrong answer are the same: none.
import type { PositionAnswer } from '#machines/consensus/position-rules.ts';
import type { CoreEffect } from '#machines/consensus/types.ts';
import {
  type ConsensusMessage,
  decodeConsensusMessage,
  encodeConsensusMessage,
} from '#schemas/consensus/message-codec.ts';
import type { BlockPart, FinalBlock } from '#schemas/consensus/types.ts';
import { type Result, refuse } from '#schemas/wire/codes.ts';
import { MAX_MESSAGE_BYTES, MAX_RANGE_BYTES, SYNC_TIMEOUT_MS } from '#schemas/wire/limits.ts';
import { subject } from '#schemas/wire/subjects.ts';
import type { Bus } from '../bus/bus.ts';

export type SyncRequest = Extract<CoreEffect, { type: 'sync.request' }>;
export type PartRequest = Extract<CoreEffect, { type: 'part.request' }>;
type Asker = Pick<Bus, 'request'>;
type Range = Pick<SyncRequest, 'first_height' | 'last_height'>;

/** Largest answer that is put together, bytes: a range and its head. */
const MAX_ANSWER_BYTES = MAX_RANGE_BYTES + MAX_MESSAGE_BYTES;
/** Nobody may keep the asker busy byte by byte. */
const MIN_SLICE_BYTES = MAX_MESSAGE_BYTES / 2;

/** The blocks that the validator with this id answers with; nothing about them is checked yet. */
export async function fetchBlocks(
  bus: Asker,
  id: string,
  { first_height, last_height }: Range,
): Promise<readonly FinalBlock[]> {
  const answer = await fetchRange(bus, id, { first_height, last_height });
  return answer?.ok && answer.value.type === 'range' ? answer.value.blocks : [];
}

/** Where the validator with this id says that it stands; nothing about it is checked yet. */
export async function fetchPosition(bus: Asker, id: string, nonce: Uint8Array): Promise<PositionAnswer | undefined> {
  const answer = await ask(bus, id, { type: 'position.request', nonce });
  return answer?.ok && answer.value.type === 'position' ? answer.value : undefined;
}

/** A part from the validator with this id; whether it is the one that was asked for is for the core to see. */
export async function fetchPart(
  bus: Asker,
  id: string,
  { height, value, index }: PartRequest,
): Promise<BlockPart | undefined> {
  const answer = await ask(bus, id, { type: 'part.request', height, value, index });
  return answer?.ok && answer.value.type === 'part' ? answer.value.part : undefined;
}

/** What it answers; undefined: nothing. Slice after slice where that is larger than a message: one that is not the next spoils it. */
export async function fetchRange(bus: Asker, id: string, range: Range): Promise<Answer | undefined> {
  const slices: Uint8Array[] = [];
  for (let offset_bytes = 0; ; ) {
    const answer = await ask(bus, id, { type: 'range.request', ...range, offset_bytes });
    if (!answer?.ok || answer.value.type !== 'range.slice') return answer;
    const { total_bytes, bytes } = answer.value;
    const isLong = bytes.length >= Math.min(MIN_SLICE_BYTES, total_bytes - offset_bytes);
    const isNext = answer.value.offset_bytes === offset_bytes && isLong;
    if (!isNext || total_bytes > MAX_ANSWER_BYTES) return refuse('RANGE_INVALID', 'slice');
    slices.push(bytes);
    offset_bytes += bytes.length;
    if (offset_bytes >= total_bytes) return decodeConsensusMessage(Buffer.concat(slices), MAX_ANSWER_BYTES);
  }
}

/** What the validator with this id answers to any other question; nothing about it is checked yet. */
export async function fetchAnswer(
  bus: Asker,
  id: string,
  question: ConsensusMessage,
): Promise<ConsensusMessage | undefined> {
  const answer = await ask(bus, id, question);
  return answer?.ok ? answer.value : undefined;
}

type Answer = Result<ConsensusMessage>;

const ask = (bus: Asker, id: string, question: ConsensusMessage): Promise<Answer | undefined> =>
  bus.request(subject.sync(id), encodeConsensusMessage(question), SYNC_TIMEOUT_MS).then(
    (bytes) => decodeConsensusMessage(bytes),
    () => undefined,
  );
