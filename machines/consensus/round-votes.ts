// The votes of one round, counted by (type, value, valid_round). A quorum becomes a certificate the moment it is reached.
import type { Certificate, Evidence, SignedVote, ValidatorSet, VoteType } from '#schemas/consensus/types.ts';

/** What votes are counted by: the accountable variant counts prevotes with different valid_rounds apart. */
export const statementKey = (type: VoteType, value: string | null, valid_round: number): string =>
  `${type}/${value ?? 'nil'}/${valid_round}`;

/** Whether two votes say the same; signatures may differ. */
export const isSameStatement = (a: SignedVote, b: SignedVote): boolean =>
  a.value === b.value && a.valid_round === b.valid_round;

/** What became of a vote. */
export type VoteOutcome = 'counted' | 'known' | Evidence;

/** Bounded: at most two votes a validator; a second, different one is evidence and is not counted. */
export class RoundVotes {
  readonly round: number;
  readonly #validators: ValidatorSet;
  readonly #quorum: number;
  readonly #votes = { prevote: new Map<number, SignedVote>(), precommit: new Map<number, SignedVote>() };
  readonly #any = { prevote: 0, precommit: 0 };
  readonly #powers = new Map<string, number>();
  /** As units (statement key → certificate): a counter that holds an equivocator's other vote could never rebuild them. */
  readonly #certificates = new Map<string, Certificate>();
  /** Those of them that are on a block, in the order in which they were reached. */
  readonly polkas: Certificate[] = [];
  readonly commits: Certificate[] = [];

  constructor(round: number, validators: ValidatorSet, quorum: number) {
    this.round = round;
    this.#validators = validators;
    this.#quorum = quorum;
  }

  get(type: VoteType, validator: number): SignedVote | undefined {
    return this.#votes[type].get(validator);
  }

  add(vote: SignedVote): VoteOutcome {
    const votes = this.#votes[vote.type];
    const first = votes.get(vote.validator);
    if (first !== undefined) return isSameStatement(first, vote) ? 'known' : { type: 'double_vote', a: first, b: vote };
    const power = this.#power(vote.validator);
    votes.set(vote.validator, vote);
    this.#any[vote.type] += power;
    this.#count(vote, power);
    return 'counted';
  }

  /** A checked certificate from outside; the first per statement stays. */
  addCertificate(certificate: Certificate): void {
    const key = keyOf(certificate);
    if (key !== undefined && !this.#certificates.has(key)) this.#keep(key, certificate);
  }

  /** Power of distinct validators with a vote of this type, whatever it says. */
  anyPower(type: VoteType): number {
    return this.#any[type];
  }

  /** Precommits of a quorum, whatever they say: the round may end (line 47). A peer that lacks one may never get it from its voter. */
  quorumOfPrecommits(): SignedVote[] | undefined {
    return this.#any.precommit < this.#quorum ? undefined : [...this.#votes.precommit.values()];
  }

  certificate(type: VoteType, value: string | null, valid_round: number): Certificate | undefined {
    return this.#certificates.get(statementKey(type, value, valid_round));
  }

  /** Whether a certificate of this round is on the block. */
  names(value: string): boolean {
    return [...this.polkas, ...this.commits].some((certificate) => certificate.value === value);
  }

  /** All votes, for re-broadcast and digest, by type and validator. */
  all(): SignedVote[] {
    const byValidator = (a: SignedVote, b: SignedVote) => a.validator - b.validator;
    return (['prevote', 'precommit'] as const).flatMap((type) => [...this.#votes[type].values()].sort(byValidator));
  }

  #count(vote: SignedVote, power: number): void {
    const key = statementKey(vote.type, vote.value, vote.valid_round);
    const total = (this.#powers.get(key) ?? 0) + power;
    this.#powers.set(key, total);
    if (total < this.#quorum || this.#certificates.has(key)) return;
    const votes = [...this.#votes[vote.type].values()].filter((other) => isSameStatement(other, vote));
    const type = vote.type === 'prevote' ? 'polka' : 'commit';
    this.#keep(key, { type, height: vote.height, round: vote.round, value: vote.value, votes });
  }

  #keep(key: string, certificate: Certificate): void {
    this.#certificates.set(key, certificate);
    if (certificate.value === null || certificate.type === 'skip') return;
    (certificate.type === 'polka' ? this.polkas : this.commits).push(certificate);
  }

  #power(validator: number): number {
    return this.#validators[validator]?.power ?? 0;
  }
}

function keyOf(certificate: Certificate): string | undefined {
  const first = certificate.votes[0];
  return first && statementKey(first.type, first.value, first.valid_round);
}
