// What travels on the virtual network: the production messages as objects (encoding has tests of its own), and transactions.
import type { Input } from '#machines/consensus/types.ts';
import type { ConsensusMessage } from '#schemas/consensus/message-codec.ts';
import type { SignedProposal, SignedVote } from '#schemas/consensus/types.ts';
import { inputOf } from '../consensus/input-codec.ts';

/** One message on the virtual wire. */
export type Message = ConsensusMessage | { readonly type: 'transaction'; readonly bytes: Uint8Array };

/** What the core hears of a message of the validator with this key id, or undefined for those that its host answers without it. */
export const coreInput = (message: Message, from: string, now_ms: number): Input | undefined =>
  message.type === 'range'
    ? { type: 'blocks.synced', from, blocks: message.blocks, now_ms }
    : message.type === 'transaction'
      ? undefined
      : inputOf(message, now_ms, from);

/** A number that tells messages apart well enough for the trace. */
export function tagOf(message: Message): number {
  switch (message.type) {
    case 'vote': {
      const { height, round, value, valid_round, type } = message.vote;
      return mix(height, round, type === 'prevote' ? 1 : 2) + valid_round + word(value);
    }
    case 'proposal':
      return mix(message.proposal.height, message.proposal.round, 3) + word(message.proposal.value);
    case 'certificate':
      return mix(message.certificate.height, message.certificate.round, 4) + word(message.certificate.value);
    case 'status':
      return mix(message.height, message.round, 5);
    case 'range.request':
      return mix(message.first_height, message.last_height, 6);
    case 'range':
      return mix(message.blocks.length, 0, 7);
    case 'beacon.partial':
      return mix(message.height, message.validator, 8);
    case 'position.request':
      return mix(message.nonce.length, message.nonce[0] ?? 0, 10);
    case 'position':
      return mix(message.position.height, message.position.round, 11);
    case 'conflict':
      return mix(message.conflict.first.height, message.conflict.votes.length, 12);
    case 'part':
      return mix(message.part.index, message.part.bytes.length, 13) + (message.part.bytes[0] ?? 0);
    case 'part.request':
      return mix(message.height, message.index, 14) + word(message.value);
    case 'range.slice':
      return mix(message.offset_bytes, message.total_bytes, 15);
    case 'snapshots.request':
    case 'snapshots':
    case 'manifest.request':
    case 'manifest':
    case 'chunk.request':
    case 'chunk':
    case 'handover.request':
    case 'handover':
      return mix(0, 0, 16); // asked before a validator starts, so never in a schedule
    case 'transaction':
      return mix(message.bytes.length, message.bytes[0] ?? 0, 9);
  }
}

/** The vote or proposal that it is. */
export function statementOf(message: Message): SignedVote | SignedProposal | undefined {
  if (message.type === 'vote') return message.vote;
  return message.type === 'proposal' ? message.proposal : undefined;
}

/** Round that the message is about; 0 where it is about none. */
export const roundOf = (message: Message): number => statementOf(message)?.round ?? 0;

/** A message for people. */
export function inWords(message: Message): string {
  if (message.type === 'vote') return inWordsOf(message.vote.type, message.vote);
  if (message.type === 'proposal') return inWordsOf('proposal', message.proposal);
  if (message.type === 'certificate')
    return inWordsOf(`${message.certificate.type} certificate`, { ...message.certificate, valid_round: -1 });
  return 'height' in message ? `${message.type} at ${message.height}` : message.type;
}

type Statement = {
  readonly height: number;
  readonly round: number;
  readonly value: string | null;
  readonly valid_round: number;
};
const inWordsOf = (name: string, { height, round, value, valid_round }: Statement): string =>
  `${name} ${value?.slice(0, 8) ?? 'nil'} at ${height}/${round}${valid_round < 0 ? '' : ` with the polka of round ${valid_round}`}`;

const mix = (a: number, b: number, kind: number): number => Math.imul(Math.imul(a, 0x9e3779b1) ^ b, 0x85ebca6b) ^ kind;
const word = (value: string | null): number => (value === null ? 0 : Number.parseInt(value.slice(0, 8), 16));
