// Votes and proposals: what is signed and what travels. Signed layout, 107 bytes:
// tag 16 | chain 32 | epoch u64 | height u64 | round u32 | type u8 | value 32 (zero = nil) | valid_round i32 | validator u16.
import { SIGNATURE_BYTES } from '../wire/signed.ts';
import { TAG } from '../wire/tags.ts';
import { type LayoutReader, LayoutWriter } from './fixed-layout.ts';
import type { Proposal, SignedProposal, SignedVote, Vote } from './types.ts';

/** Bytes of the statement without tag and chain. */
const STATEMENT_BYTES = 59;
/** Bytes that a validator signs. */
export const SIGN_BYTES = 48 + STATEMENT_BYTES;
/** Bytes of a signed vote or proposal on the wire: statement | signature. */
export const SIGNED_STATEMENT_BYTES = STATEMENT_BYTES + SIGNATURE_BYTES;

const TYPE_CODE = { proposal: 0, prevote: 1, precommit: 2 } as const;

/** What a validator signs for a vote. `chain` is 64 hex characters: a vote of one network is worthless on another. */
export const voteSignBytes = (chain: string, vote: Vote): Uint8Array =>
  writeVote(new LayoutWriter(SIGN_BYTES).raw(headsOf(chain).vote), vote).bytes;

/** What a proposer signs. */
export const proposalSignBytes = (chain: string, proposal: Proposal): Uint8Array =>
  writeProposal(new LayoutWriter(SIGN_BYTES).raw(headsOf(chain).proposal), proposal).bytes;

/** Tag and chain, the same before every statement of a network; a process mostly knows one network. */
type Heads = { readonly chain: string; readonly vote: Uint8Array; readonly proposal: Uint8Array };
let latest: Heads | undefined;

function headsOf(chain: string): Heads {
  if (latest?.chain === chain) return latest;
  const head = (tag: Uint8Array) => new LayoutWriter(SIGN_BYTES - STATEMENT_BYTES).raw(tag).hash(chain).bytes;
  latest = { chain, vote: head(TAG.vote), proposal: head(TAG.proposal) };
  return latest;
}

/** Append statement | signature. */
export const writeSignedVote = (writer: LayoutWriter, vote: SignedVote): LayoutWriter =>
  writeVote(writer, vote).raw(vote.signature);

/** Append statement | signature. */
export const writeSignedProposal = (writer: LayoutWriter, proposal: SignedProposal): LayoutWriter =>
  writeProposal(writer, proposal).raw(proposal.signature);

/** The next signed vote; fails the reader where the bytes are none. */
export function readSignedVote(reader: LayoutReader): SignedVote {
  const at = readPosition(reader);
  const code = reader.u8();
  if (code !== TYPE_CODE.prevote && code !== TYPE_CODE.precommit) reader.fail();
  const type = code === TYPE_CODE.prevote ? 'prevote' : 'precommit';
  const vote = { type, ...at, value: reader.value(), ...readTail(reader) } as const;
  if (vote.valid_round < -1 || (vote.valid_round >= 0 && (type === 'precommit' || vote.value === null))) reader.fail();
  return vote;
}

/** The next signed proposal; fails the reader where the bytes are none. */
export function readSignedProposal(reader: LayoutReader): SignedProposal {
  const at = readPosition(reader);
  if (reader.u8() !== TYPE_CODE.proposal) reader.fail();
  const proposal = { ...at, value: reader.hash(), ...readTail(reader) };
  if (proposal.valid_round < -1 || proposal.valid_round >= proposal.round) reader.fail();
  return proposal;
}

const writeVote = (writer: LayoutWriter, vote: Vote): LayoutWriter =>
  writeStatement(writer, vote, TYPE_CODE[vote.type]);
const writeProposal = (writer: LayoutWriter, proposal: Proposal): LayoutWriter =>
  writeStatement(writer, proposal, TYPE_CODE.proposal);

const writeStatement = (writer: LayoutWriter, s: Omit<Vote, 'type'>, type: number): LayoutWriter =>
  writer.u64(s.epoch).u64(s.height).u32(s.round).u8(type).value(s.value).i32(s.valid_round).u16(s.validator);

const readPosition = (reader: LayoutReader) => ({ epoch: reader.u64(), height: reader.u64(), round: reader.u32() });
const readTail = (reader: LayoutReader) => ({
  valid_round: reader.i32(),
  validator: reader.u16(),
  signature: reader.raw(SIGNATURE_BYTES),
});
