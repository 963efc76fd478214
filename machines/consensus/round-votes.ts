// The votes of one round, counted by (type, value, valid_round). A quorum becomes a certificate the moment it is reached.
import type { Certificate, Evidence, SignedVote, ValidatorSet, VoteType } from '#schemas/consensus/types.ts';

/** Whether two votes say the same; signatures may differ. */
export const isSameStatement = (a: SignedVote, b: SignedVote): boolean =>
  a.value === b.value && a.valid_round === b.valid_round;

/** What became of a vote. */
export type VoteOutcome = 'counted' | 'known' | Evidence;

/** What votes are counted by: the accountable variant counts prevotes with different valid_rounds apart. */
type Tally = {
  readonly type: VoteType;
  readonly value: string | null;
  readonly valid_round: number;
  power: number;
  /** As a unit: a counter that holds an equivocator's other vote could never rebuild it. */
  certificate: Certificate | undefined;
};

/** Bounded: at most two votes a validator; a second, different one is evidence and is not counted. */
export class RoundVotes {
  readonly round: number;
  readonly #validators: ValidatorSet;
  readonly #quorum: number;
  readonly #votes = { prevote: new Map<number, SignedVote>(), precommit: new Map<number, SignedVote>() };
  readonly #any = { prevote: 0, precommit: 0 };
  /** One for each statement made: few, so looking through them is faster than a key. */
  readonly #tallies: Tally[] = [];
  /** Certificates on a block, in the order in which they were reached. */
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
    const first = certificate.votes[0];
    if (first === undefined) return;
    const tally = this.#tallyOf(first);
    if (tally.certificate === undefined) this.#keep(tally, certificate);
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
    return this.#find(type, value, valid_round)?.certificate;
  }

  /** Nil ones too. */
  get certificate_count(): number {
    return this.#tallies.filter(({ certificate }) => certificate !== undefined).length;
  }

  /** Whether a certificate of this round is on the block. */
  names(value: string): boolean {
    return [...this.polkas, ...this.commits].some((certificate) => certificate.value === value);
  }

  /** What quorums have said, by (type, value, valid_round). */
  quorums(): string[] {
    const certified = this.#tallies.filter(({ certificate }) => certificate !== undefined);
    return certified.map(({ type, value, valid_round }) => `${this.round}/${type}/${value}/${valid_round}`);
  }

  /** All votes, for re-broadcast and digest, by type and validator. */
  all(): SignedVote[] {
    const all: SignedVote[] = [];
    for (const votes of [this.#votes.prevote, this.#votes.precommit]) {
      for (let validator = 0; validator < this.#validators.length; validator++) {
        const vote = votes.get(validator);
        if (vote !== undefined) all.push(vote);
      }
    }
    return all;
  }

  #count(vote: SignedVote, power: number): void {
    const tally = this.#tallyOf(vote);
    tally.power += power;
    if (tally.power < this.#quorum || tally.certificate !== undefined) return;
    const votes = [...this.#votes[vote.type].values()].filter((other) => isSameStatement(other, vote));
    const type = vote.type === 'prevote' ? 'polka' : 'commit';
    this.#keep(tally, { type, height: vote.height, round: vote.round, value: vote.value, votes });
  }

  #keep(tally: Tally, certificate: Certificate): void {
    tally.certificate = certificate;
    if (certificate.value === null || certificate.type === 'skip') return;
    (certificate.type === 'polka' ? this.polkas : this.commits).push(certificate);
  }

  #find(type: VoteType, value: string | null, valid_round: number): Tally | undefined {
    for (const tally of this.#tallies) {
      if (tally.type === type && tally.value === value && tally.valid_round === valid_round) return tally;
    }
    return undefined;
  }

  #tallyOf({ type, value, valid_round }: SignedVote): Tally {
    const found = this.#find(type, value, valid_round);
    if (found !== undefined) return found;
    const tally: Tally = { type, value, valid_round, power: 0, certificate: undefined };
    this.#tallies.push(tally);
    return tally;
  }

  #power(validator: number): number {
    return this.#validators[validator]?.power ?? 0;
  }
}
