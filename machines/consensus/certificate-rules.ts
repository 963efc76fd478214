// Whether a certificate proves what it states. Structure first, signatures last: a cheap lie is refused cheaply.
import type { Certificate, SignedVote, ValidatorSet } from '#schemas/consensus/types.ts';
import { voteSignBytes } from '#schemas/consensus/vote-codec.ts';
import type { Code } from '#schemas/wire/codes.ts';
import { skipQuorum } from '../primitives/quorum.ts';
import { type Electorate, totalPower } from './electorate.ts';

/**
 * Null, or why it is refused.
 *
 * @param isKnown whether this very vote, signature included, was checked before
 */
export function checkCertificate(
  electorate: Electorate,
  certificate: Certificate,
  isKnown: (vote: SignedVote) => boolean = () => false,
): Code | null {
  const first = certificate.votes[0];
  if (first === undefined || !certificate.votes.every((vote) => supports(certificate, vote, first)))
    return 'CERTIFICATE_INVALID';
  if (certificate.votes.some((vote) => vote.epoch !== electorate.epoch)) return 'EPOCH_MISMATCH';
  if (powerOfDistinct(electorate.validators, certificate.votes) < needed(electorate, certificate))
    return 'CERTIFICATE_INVALID';
  return certificate.votes.every((vote) => isKnown(vote) || isSigned(electorate, vote)) ? null : 'SIGNATURE_INVALID';
}

/** Whether the vote is by the validator that it names. */
export function isSigned({ chain, validators, crypto }: Electorate, vote: SignedVote): boolean {
  const validator = validators[vote.validator];
  return validator !== undefined && crypto.verify(validator.id, voteSignBytes(chain, vote), vote.signature);
}

/** A vote backs polka and commit by saying exactly the same as the others, a skip by being of that round. */
function supports(certificate: Certificate, vote: SignedVote, first: SignedVote): boolean {
  if (vote.height !== certificate.height || vote.round !== certificate.round) return false;
  if (certificate.type === 'skip') return certificate.value === null;
  const type = certificate.type === 'polka' ? 'prevote' : 'precommit';
  return vote.type === type && vote.value === certificate.value && vote.valid_round === first.valid_round;
}

/** −1 where an index is repeated or unknown. */
function powerOfDistinct(validators: ValidatorSet, votes: readonly SignedVote[]): number {
  const voters = new Set(votes.map((vote) => vote.validator));
  if (voters.size !== votes.length) return -1;
  return votes.reduce((sum, vote) => sum + (validators[vote.validator]?.power ?? -Infinity), 0);
}

const needed = ({ validators, quorum }: Electorate, { type }: Certificate): number =>
  type === 'skip' ? skipQuorum(totalPower(validators)) : quorum;
