// Recorded inputs in bytes: type u8 | now_ms u64 | fields. Messages keep their wire form.
import type { Input } from '#machines/consensus/types.ts';
import { LayoutReader, type LayoutWriter } from '#schemas/consensus/fixed-layout.ts';
import {
  type ConsensusMessage,
  consensusMessageBytes,
  decodeConsensusMessage,
  writeConsensusMessage,
} from '#schemas/consensus/message-codec.ts';
import { accept, type Result, refuse } from '#schemas/wire/codes.ts';
import { MAX_BLOCK_BYTES, MAX_MESSAGE_BYTES } from '#schemas/wire/limits.ts';

/** What the core records; the others change nothing that a replay needs: it has whole bodies. */
export type RecordedInput = Exclude<
  Input,
  { type: 'status.received' | 'blocks.synced' | 'conflict.received' | 'part.received' }
>;

/** Largest message in the log: one with a whole body. */
const MAX_RECORD_BYTES = MAX_BLOCK_BYTES + MAX_MESSAGE_BYTES;

const TYPES = [
  'started',
  'work.arrived',
  'timer.fired',
  'beacon.recovered',
  'vote.received',
  'proposal.received',
  'certificate.received',
] as const;

/** Bytes of a recorded input. */
export const inputBytes = (input: RecordedInput): number => 9 + bodySize(input);

/** Append a recorded input. */
export const writeInput = (writer: LayoutWriter, input: RecordedInput): LayoutWriter =>
  writeBody(writer.u8(TYPES.indexOf(input.type)).u64(input.now_ms), input);

/** Refuses with LOG_CORRUPT or what the message inside is refused with. */
export function decodeInput(bytes: Uint8Array): Result<RecordedInput> {
  const reader = new LayoutReader(bytes);
  const type = TYPES[reader.u8()];
  const now_ms = reader.u64();
  if (type === undefined || reader.hasFailed) return refuse('LOG_CORRUPT', 'input');
  return read(type, bytes.subarray(9), now_ms);
}

function bodySize(input: RecordedInput): number {
  switch (input.type) {
    case 'started':
    case 'work.arrived':
      return 0;
    case 'timer.fired':
      return input.id.length;
    case 'beacon.recovered':
      return 8 + input.signature.length;
    case 'vote.received':
    case 'proposal.received':
    case 'certificate.received':
      return consensusMessageBytes(messageOf(input));
  }
}

function writeBody(writer: LayoutWriter, input: RecordedInput): LayoutWriter {
  switch (input.type) {
    case 'started':
    case 'work.arrived':
      return writer;
    case 'timer.fired':
      return writer.raw(Buffer.from(input.id, 'ascii'));
    case 'beacon.recovered':
      return writer.u64(input.height).raw(input.signature);
    case 'vote.received':
    case 'proposal.received':
    case 'certificate.received':
      return writeConsensusMessage(writer, messageOf(input));
  }
}

type MessageInput = Extract<Input, { type: 'vote.received' | 'proposal.received' | 'certificate.received' }>;

/** The message that an input carries: logged as it travels. */
export function messageOf(input: MessageInput): ConsensusMessage {
  if (input.type === 'vote.received') return { type: 'vote', vote: input.vote };
  if (input.type === 'certificate.received') {
    const { certificate, block } = input;
    return block === undefined ? { type: 'certificate', certificate } : { type: 'certificate', certificate, block };
  }
  const { proposal, polka, block } = input;
  return { type: 'proposal', proposal, ...(polka && { polka }), ...(block && { block }) };
}

/** The input that a message of a peer is, if the core hears it. @param from key id of the peer */
export function inputOf(message: ConsensusMessage, now_ms: number, from: string): Input | undefined {
  switch (message.type) {
    case 'vote':
      return { type: 'vote.received', vote: message.vote, now_ms };
    case 'proposal': {
      const { proposal, polka, block } = message;
      return { type: 'proposal.received', proposal, ...(polka && { polka }), ...(block && { block }), now_ms };
    }
    case 'certificate': {
      const { certificate, block } = message;
      return { type: 'certificate.received', certificate, ...(block && { block }), now_ms };
    }
    case 'status': {
      const { height, round, lowest_height } = message;
      return { type: 'status.received', from: message.from, status: { height, round, lowest_height }, now_ms };
    }
    case 'conflict':
      return { type: 'conflict.received', conflict: message.conflict, now_ms };
    case 'part':
      return { type: 'part.received', from, part: message.part, now_ms };
    default:
      return undefined;
  }
}

function read(type: (typeof TYPES)[number], body: Uint8Array, now_ms: number): Result<RecordedInput> {
  switch (type) {
    case 'started':
    case 'work.arrived':
      return accept({ type, now_ms });
    case 'timer.fired':
      return accept({ type, id: Buffer.from(body).toString('ascii'), now_ms });
    case 'beacon.recovered':
      return accept({ type, height: new LayoutReader(body).u64(), signature: body.subarray(8), now_ms });
    default: {
      const message = decodeConsensusMessage(body, MAX_RECORD_BYTES);
      if (!message.ok) return message;
      const input = inputOf(message.value, now_ms, '');
      return input?.type === type ? accept(input) : refuse('LOG_CORRUPT', type);
    }
  }
}
