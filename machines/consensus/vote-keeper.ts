// All votes of one height, by round; bounded in rounds ahead and behind. Says which quorums exist, decides nothing.
import type { Certificate, Evidence, SignedVote, ValidatorSet } from '#schemas/consensus/types.ts';
import { MAX_FUTURE_ROUNDS, MAX_PAST_ROUNDS, MAX_ROUND_NOTES } from '#schemas/wire/limits.ts';
import { skipQuorum } from '../primitives/quorum.ts';
import { contradiction } from './accountability.ts';
import { totalPower } from './electorate.ts';
import { isSameStatement, RoundVotes, type VoteOutcome } from './round-votes.ts';

/** What became of a vote; 'noted' = too far ahead to keep, but it counts for moving on (line 55). */
export type KeeperOutcome = VoteOutcome | 'noted';

export class VoteKeeper {
  readonly #validators: ValidatorSet;
  readonly #quorum: number;
  readonly #skip: number;
  readonly #rounds = new Map<number, RoundVotes>();
  /** Latest round that each validator was seen in, −1 for none. */
  readonly #latest: number[];
  /** Votes too far ahead to keep that were noted since this node's round began, by validator. */
  readonly #notes: number[];
  /** See `skipRound`. */
  #reached = -1;
  #current = -1;
  /** First commit certificate on a block; there can be one on another block only if more than a third are Byzantine. */
  #commit: Certificate | undefined;
  #rival: Certificate | undefined;

  /** @param quorum power that decides */
  constructor(validators: ValidatorSet, quorum: number) {
    this.#validators = validators;
    this.#quorum = quorum;
    this.#skip = skipQuorum(totalPower(validators));
    this.#latest = validators.map(() => -1);
    this.#notes = validators.map(() => 0);
  }

  get quorum(): number {
    return this.#quorum;
  }

  get commit(): Certificate | undefined {
    return this.#commit;
  }

  /** A commit certificate on another block than `commit`: a fork. */
  get rival(): Certificate | undefined {
    return this.#rival;
  }

  /** The counted vote that says the same, if any: its signature need not be checked again. */
  known(vote: SignedVote): SignedVote | undefined {
    const first = this.#rounds.get(vote.round)?.get(vote.type, vote.validator);
    return first !== undefined && isSameStatement(first, vote) ? first : undefined;
  }

  /**
   * Whether a quorum said the same before, and its voter nothing yet: one voice more decides nothing and proves nothing. In a later
   * round it may prove something: that its voter has let go of a lock.
   */
  isSpare(vote: SignedVote): boolean {
    if (vote.round > 0) return false;
    const votes = this.#rounds.get(vote.round);
    const isDecided = votes?.certificate(vote.type, vote.value, vote.valid_round) !== undefined;
    return isDecided && votes?.get(vote.type, vote.validator) === undefined;
  }

  /** Count a vote whose signature was checked. */
  add(vote: SignedVote): KeeperOutcome {
    const isKept = this.#isKept(vote.round);
    const isNews = vote.round > (this.#latest[vote.validator] ?? -1) && (isKept || this.#mayNote(vote.validator));
    if (isNews) this.#note(vote);
    if (!isKept) return isNews ? 'noted' : 'known';
    const votes = this.#open(vote.round);
    const outcome = votes.add(vote);
    if (vote.type === 'precommit') this.#keepCommit(votes.certificate('precommit', vote.value, -1));
    return outcome;
  }

  /** What the vote, which was counted, shows together with the others of its voter. */
  amnesiaBy(vote: SignedVote): Evidence | undefined {
    if (this.#rounds.size < 2) return undefined;
    const type = vote.type === 'prevote' ? 'precommit' : 'prevote';
    for (const votes of this.#rounds.values()) {
      const other = votes.get(type, vote.validator);
      const offence = other && contradiction(vote, other);
      if (offence !== undefined) return offence;
    }
    return undefined;
  }

  /** Keep a checked certificate as a unit; its votes are added one by one besides. */
  addCertificate(certificate: Certificate): void {
    this.#keepCommit(certificate);
    if (certificate.type !== 'skip') this.#open(certificate.round).addCertificate(certificate);
  }

  round(round: number): RoundVotes | undefined {
    return this.#rounds.get(round);
  }

  /** Line 55: the latest round in which or beyond which more than a third is; −1 for none. */
  get skipRound(): number {
    return this.#reached;
  }

  /** Whether some quorum of this height is on the block. */
  names(value: string): boolean {
    for (const votes of this.#rounds.values()) if (votes.names(value)) return true;
    return this.#commit?.value === value;
  }

  /** Blocks that some quorum of this height is on. */
  namedValues(): Iterable<string> {
    const named = new Set<string>();
    for (const { polkas, commits } of this.#rounds.values())
      for (const units of [polkas, commits]) for (const { value } of units) if (value !== null) named.add(value);
    if (this.#commit?.value) named.add(this.#commit.value);
    return named;
  }

  /** A certificate on the block: the commit, if there is one. */
  naming(value: string): Certificate | undefined {
    if (this.#commit?.value === value) return this.#commit;
    for (const { polkas } of this.#rounds.values()) for (const polka of polkas) if (polka.value === value) return polka;
    return undefined;
  }

  /** Who said in a vote that is held that it has the block. */
  votersFor(value: string): readonly number[] {
    return [...new Set(this.told().flatMap((vote) => (vote.value === value ? [vote.validator] : [])))];
  }

  /** Forget what lies too far behind the round that starts now; rounds with a certificate stay. */
  advance(round: number): void {
    this.#current = round;
    this.#notes.fill(0);
    for (const [old, votes] of this.#rounds) {
      if (old < round - MAX_PAST_ROUNDS && votes.polkas.length === 0) this.#rounds.delete(old);
    }
  }

  /** Rounds, votes and certificates held. */
  get size(): { readonly rounds: number; readonly votes: number; readonly certificates: number } {
    const rounds = [...this.#rounds.values()];
    const certificates = rounds.reduce((sum, { certificate_count }) => sum + certificate_count, 0);
    return { rounds: rounds.length, votes: this.all().length, certificates };
  }

  /** What quorums have said, for the digest: a certificate may rest on an equivocator's vote that is not counted here. */
  quorums(): string[] {
    return [...this.#rounds.values()].flatMap((votes) => votes.quorums()).sort();
  }

  /** All votes, in an order that does not depend on their arrival. */
  all(): SignedVote[] {
    return [...this.#rounds.values()].sort((a, b) => a.round - b.round).flatMap((votes) => votes.all());
  }

  /** All statements that were counted or came in certificates, an equivocator's second ones among them. */
  told(): SignedVote[] {
    const units = [...this.#rounds.values()].flatMap(({ polkas, commits }) => [...polkas, ...commits]);
    return [...new Set([...this.all(), ...units.flatMap(({ votes }) => votes)])];
  }

  #keepCommit(certificate: Certificate | undefined): void {
    if (certificate?.type !== 'commit' || certificate.value === null) return;
    this.#commit ??= certificate;
    if (certificate.value !== this.#commit.value) this.#rival ??= certificate;
  }

  /** A note is logged: who runs through the rounds all alone may not fill the log. */
  #mayNote(validator: number): boolean {
    const count = (this.#notes[validator] ?? 0) + 1;
    this.#notes[validator] = count;
    return count <= MAX_ROUND_NOTES;
  }

  #note(vote: SignedVote): void {
    this.#latest[vote.validator] = vote.round;
    if (vote.round <= this.#current) return;
    const ahead = this.#latest.map((round, i) => ({ round, power: this.#validators[i]?.power ?? 0 }));
    ahead.sort((a, b) => b.round - a.round);
    let power = 0;
    this.#reached = ahead.find((validator) => (power += validator.power) >= this.#skip)?.round ?? -1;
  }

  #isKept(round: number): boolean {
    return round <= this.#current + MAX_FUTURE_ROUNDS && round >= this.#current - MAX_PAST_ROUNDS;
  }

  #open(round: number): RoundVotes {
    const open = this.#rounds.get(round) ?? new RoundVotes(round, this.#validators, this.#quorum);
    this.#rounds.set(round, open);
    return open;
  }
}
