// Whether an incoming statement may be counted at all: who says it, may they, is it signed. Null, or the code of the refusal.
import type { Block, Certificate, SignedProposal, SignedVote } from '#schemas/consensus/types.ts';
import { proposalSignBytes } from '#schemas/consensus/vote-codec.ts';
import type { Code } from '#schemas/wire/codes.ts';
import { blockId } from './block-rules.ts';
import { checkCertificate, isSigned } from './certificate-rules.ts';
import type { Electorate } from './electorate.ts';
import { proposerOf } from './proposer.ts';

/** A vote: of this epoch, by a validator of the set. */
export function refuseVote(electorate: Electorate, vote: SignedVote): Code | null {
  if (electorate.validators[vote.validator] === undefined) return 'VALIDATOR_UNKNOWN';
  if (vote.epoch !== electorate.epoch) return 'EPOCH_MISMATCH';
  return isSigned(electorate, vote) ? null : 'SIGNATURE_INVALID';
}

/** A proposal: by the round's proposer, on the block that comes with it if one does, its polka on the same block. */
export function refuseProposal(
  electorate: Electorate,
  proposal: SignedProposal,
  block: Block | undefined,
  polka: Certificate | undefined,
): Code | null {
  const { chain, validators, crypto, epoch } = electorate;
  const proposer = validators[proposal.validator];
  if (proposer === undefined) return 'VALIDATOR_UNKNOWN';
  if (proposal.epoch !== epoch) return 'EPOCH_MISMATCH';
  if (proposal.valid_round >= proposal.round) return 'CONSENSUS_MALFORMED'; // line 28: 0 ≤ vr < round
  if (proposerOf(electorate, proposal.height, proposal.round) !== proposal.validator) return 'PROPOSER_MISMATCH';
  if (block !== undefined && blockId(crypto, block.header) !== proposal.value) return 'BLOCK_INVALID';
  if (!crypto.verify(proposer.id, proposalSignBytes(chain, proposal), proposal.signature)) return 'SIGNATURE_INVALID';
  return refusePolka(electorate, proposal, polka);
}

/** A fresh proposal has none; a repeated one must bring it, or a leader could strand those who miss it. */
function refusePolka(electorate: Electorate, proposal: SignedProposal, polka: Certificate | undefined): Code | null {
  if (proposal.valid_round === -1) return polka === undefined ? null : 'CERTIFICATE_INVALID';
  const isItsPolka =
    polka?.type === 'polka' &&
    polka.height === proposal.height &&
    polka.round === proposal.valid_round &&
    polka.value === proposal.value;
  return isItsPolka ? checkCertificate(electorate, polka) : 'CERTIFICATE_INVALID';
}
