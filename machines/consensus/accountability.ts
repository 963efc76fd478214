// Who made a fork, by their own signatures: nobody is accused of what an honest validator could have signed.
import type { Certificate, CommitConflict, SignedVote } from '#schemas/consensus/types.ts';
import { accept, type Result, refuse } from '#schemas/wire/codes.ts';
import { MAX_CONFLICT_VOTES } from '#schemas/wire/limits.ts';
import { skipQuorum } from '../primitives/quorum.ts';
import { checkCertificate, type Electorate, isSigned, totalPower } from './certificate-rules.ts';
import { isSameStatement } from './round-votes.ts';

/** Statements of one validator that no honest one signs together. */
export type Offence =
  /** One round, one type, two statements. */
  | { readonly type: 'double_vote'; readonly a: SignedVote; readonly b: SignedVote }
  /**
   * Precommitted a block, then prevoted another one, citing no polka of the lock's round or later (lines 22 and 28). It cannot have
   * locked on the other one meanwhile: `between` holds its nil precommits of all rounds that lie between.
   */
  | {
      readonly type: 'amnesia';
      readonly lock: SignedVote;
      readonly prevote: SignedVote;
      readonly between: readonly SignedVote[];
    };

/** What a conflict proves. */
export type ConflictReport = {
  readonly culprits: readonly { readonly validator: number; readonly offence: Offence }[];
  /** Power of the culprits. */
  readonly named_power: number;
  /** More than a third: a fork has no fewer culprits. */
  readonly needed_power: number;
};

/**
 * Check both certificates and all votes, then name who contradicted himself. Two quorums share more than a third; where they are of
 * one round, all of these are named. Where they are not, votes of the rounds between must show who let go of his lock.
 *
 * Refusal: EVIDENCE_FILE_FALSE with what does not hold.
 */
export function checkConflict(electorate: Electorate, conflict: CommitConflict): Result<ConflictReport> {
  const { first, second, votes } = conflict;
  const isFork = [first, second].every(isCommit) && first.height === second.height && first.value !== second.value;
  if (!isFork) return refuse('EVIDENCE_FILE_FALSE', 'not two commits of one height on different blocks');
  for (const certificate of [first, second]) {
    const code = checkCertificate(electorate, certificate);
    if (code !== null) return refuse('EVIDENCE_FILE_FALSE', `commit of round ${certificate.round}: ${code}`);
  }
  const isOfHeight = (vote: SignedVote) => vote.height === first.height && vote.epoch === electorate.epoch;
  const stranger = votes.find((vote) => !isOfHeight(vote) || !isSigned(electorate, vote));
  if (stranger !== undefined) return refuse('EVIDENCE_FILE_FALSE', `a vote of round ${stranger.round}`);
  return accept(nameCulprits(electorate, [...first.votes, ...second.votes, ...votes]));
}

/** The first offence that these votes of one validator at one height show; undefined where an honest one may have signed them all. */
export const offenceOf = (votes: readonly SignedVote[]): Offence | undefined => doubleVote(votes) ?? amnesia(votes);

/** Of the votes that a node holds, those that may bear on the conflict: by signers of the earlier commit, its round to the later one's. */
export function conflictOf(a: Certificate, b: Certificate, held: readonly SignedVote[]): CommitConflict {
  const [first, second] = a.round <= b.round ? [a, b] : [b, a];
  const signers = new Set(first.votes.map((vote) => vote.validator));
  const mayTell = ({ validator, round }: SignedVote) =>
    signers.has(validator) && round >= first.round && round <= second.round;
  return { first, second, votes: held.filter(mayTell) };
}

/** Votes worth keeping once a height is decided: nil prevotes show nothing, and the lowest rounds lie closest to a lock. */
export function testimony(votes: readonly SignedVote[]): SignedVote[] {
  const telling = votes.filter((vote) => vote.type === 'precommit' || vote.value !== null);
  return telling.sort((a, b) => a.round - b.round).slice(0, MAX_CONFLICT_VOTES);
}

const isCommit = ({ type, value }: Certificate): boolean => type === 'commit' && value !== null;

function nameCulprits({ validators }: Electorate, votes: readonly SignedVote[]): ConflictReport {
  const culprits = validators.flatMap((_, validator) => {
    const offence = offenceOf(votes.filter((vote) => vote.validator === validator));
    return offence === undefined ? [] : [{ validator, offence }];
  });
  const named_power = culprits.reduce((sum, { validator }) => sum + (validators[validator]?.power ?? 0), 0);
  return { culprits, named_power, needed_power: skipQuorum(totalPower(validators)) };
}

function doubleVote(votes: readonly SignedVote[]): Offence | undefined {
  const said = new Map<string, SignedVote>();
  for (const vote of votes) {
    const place = `${vote.round}/${vote.type}`;
    const a = said.get(place) ?? vote;
    if (!isSameStatement(a, vote)) return { type: 'double_vote', a, b: vote };
    said.set(place, a);
  }
  return undefined;
}

function amnesia(votes: readonly SignedVote[]): Offence | undefined {
  const precommits = new Map(votes.filter((v) => v.type === 'precommit').map((v) => [v.round, v]));
  for (const prevote of votes) {
    const offence = prevote.type === 'prevote' && prevote.value !== null && forgotten(prevote, precommits);
    if (offence) return offence;
  }
  return undefined;
}

/**
 * Back through the rounds to the lock that its author had. A round without a precommit ends the search: it may have locked there, and
 * line 22 lets a validator prevote what it is locked on whatever polka the proposal cites.
 */
function forgotten(prevote: SignedVote, precommits: ReadonlyMap<number, SignedVote>): Offence | undefined {
  const between: SignedVote[] = [];
  for (let round = prevote.round - 1; round > prevote.valid_round; round--) {
    const lock = precommits.get(round);
    if (lock === undefined || lock.value === prevote.value) return undefined;
    if (lock.value !== null) return { type: 'amnesia', lock, prevote, between };
    between.unshift(lock);
  }
  return undefined;
}
