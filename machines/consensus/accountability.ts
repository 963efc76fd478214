// Who broke the rules, by their own signatures: nobody is accused of what an honest validator could have signed.
import type { Certificate, CommitConflict, Evidence, SignedProposal, SignedVote } from '#schemas/consensus/types.ts';
import { accept, type Result, refuse } from '#schemas/wire/codes.ts';
import { MAX_CONFLICT_VOTES } from '#schemas/wire/limits.ts';
import { skipQuorum } from '../primitives/quorum.ts';
import { checkCertificate, isSigned } from './certificate-rules.ts';
import { type Electorate, totalPower } from './electorate.ts';

/** A signed statement of either kind; `type` says which. */
export type Statement = SignedVote | (SignedProposal & { readonly type: 'proposal' });

/** What votes can show. */
export type Offence = Exclude<Evidence, { type: 'double_proposal' }>;

/** What a conflict proves. */
export type ConflictReport = {
  readonly culprits: readonly { readonly validator: number; readonly offence: Offence }[];
  /** Power of the culprits. */
  readonly named_power: number;
  /** More than a third: a fork has no fewer culprits. */
  readonly needed_power: number;
};

/**
 * What two statements of one validator, of one height and epoch, show together: undefined where an honest one may have signed both.
 *
 * - One place, two statements: an honest validator speaks once in it.
 * - A precommit of A in round r, and a prevote of B in a later round that cites no polka of r or later. Whoever precommits A is locked
 *   from r on, in a round that never falls, and prevotes nothing that cites an earlier one (round.machine.ts, lines 23 and 29).
 *
 * Signatures are not looked at.
 */
export function contradiction(a: Statement, b: Statement): Evidence | undefined {
  if (a.validator !== b.validator || a.height !== b.height || a.epoch !== b.epoch) return undefined;
  if (a.type === 'proposal')
    return b.type === 'proposal' && isSaidTwice(a, b) ? { type: 'double_proposal', a, b } : undefined;
  if (b.type === 'proposal') return undefined;
  if (a.type === b.type) return isSaidTwice(a, b) ? { type: 'double_vote', a, b } : undefined;
  const [lock, prevote] = a.type === 'precommit' ? [a, b] : [b, a];
  return hasLetGo(lock, prevote) ? { type: 'amnesia', a: lock, b: prevote } : undefined;
}

const isSaidTwice = (a: Statement, b: Statement): boolean =>
  a.round === b.round && (a.value !== b.value || a.valid_round !== b.valid_round);

const hasLetGo = (lock: SignedVote, prevote: SignedVote): boolean =>
  lock.value !== null &&
  prevote.value !== null &&
  prevote.value !== lock.value &&
  prevote.round > lock.round &&
  prevote.valid_round < lock.round;

/** The first offence that these votes of one validator show. */
export function offenceOf(votes: readonly SignedVote[]): Offence | undefined {
  for (const [i, vote] of votes.entries()) {
    for (const other of votes.slice(0, i)) {
      const offence = contradiction(other, vote);
      if (offence !== undefined && offence.type !== 'double_proposal') return offence;
    }
  }
  return undefined;
}

/**
 * Check all certificates and votes of what nodes hold of one fork, then name who contradicted himself in their union.
 *
 * Two quorums share more than a third. Commits of one round: these have signed both. Commits of A in round r and of B later: these
 * have signed for A and prevoted in the first polka of another block since, which cites nothing of r or later. Whoever decided B by
 * votes holds that polka, or holds one that cites it; so the union of what all have names more than a third (ADR 19).
 *
 * Refusal: EVIDENCE_FILE_FALSE with what does not hold.
 */
export function checkConflicts(electorate: Electorate, conflicts: readonly CommitConflict[]): Result<ConflictReport> {
  const height = conflicts[0]?.first.height;
  for (const conflict of conflicts) {
    const flaw = conflict.first.height === height ? flawOf(electorate, conflict) : 'not of one height';
    if (flaw !== null) return refuse('EVIDENCE_FILE_FALSE', flaw);
  }
  return accept(nameCulprits(electorate, conflicts.flatMap(statementsOf)));
}

/** The same for what one node holds. */
export const checkConflict = (electorate: Electorate, conflict: CommitConflict): Result<ConflictReport> =>
  checkConflicts(electorate, [conflict]);

/** Null where the certificates are both good and stand against each other, and every vote is of their height and signed. */
function flawOf(electorate: Electorate, { first, second, votes }: CommitConflict): string | null {
  const isFork = [first, second].every(isCommit) && first.height === second.height && first.value !== second.value;
  if (!isFork) return 'not two commits of one height on different blocks';
  for (const certificate of [first, second]) {
    const code = checkCertificate(electorate, certificate);
    if (code !== null) return `commit of round ${certificate.round}: ${code}`;
  }
  const isOfHeight = (vote: SignedVote) => vote.height === first.height && vote.epoch === electorate.epoch;
  const stranger = votes.find((vote) => !isOfHeight(vote) || !isSigned(electorate, vote));
  return stranger === undefined ? null : `a vote of round ${stranger.round}`;
}

const statementsOf = ({ first, second, votes }: CommitConflict): readonly SignedVote[] => [
  ...first.votes,
  ...second.votes,
  ...votes,
];

/** Of the votes that a node holds, those that may bear on the conflict: from the earlier commit's round to the later one's. */
export function conflictOf(a: Certificate, b: Certificate, held: readonly SignedVote[]): CommitConflict {
  const [first, second] = a.round <= b.round ? [a, b] : [b, a];
  const votes = held.filter(({ round }) => round >= first.round && round <= second.round);
  return { first, second, votes };
}

/** The conflict with more votes that its height's nodes held, each statement once, as many as a file may have. */
export function withVotes({ first, second, votes }: CommitConflict, held: readonly SignedVote[]): CommitConflict {
  const said = new Map<string, SignedVote>();
  for (const vote of [...votes, ...conflictOf(first, second, held).votes]) {
    const { validator, round, type, value, valid_round } = vote;
    const key = `${validator}/${round}/${type}/${value}/${valid_round}`;
    if (!said.has(key)) said.set(key, vote);
  }
  return { first, second, votes: [...said.values()].slice(0, MAX_CONFLICT_VOTES) };
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
