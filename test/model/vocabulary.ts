// All that correct validators can say in a bounded height: each statement is a bit, so that what a core has said is one number.
import assert from 'node:assert/strict';
import type { Block, Certificate, SignedVote, Vote, VoteType } from '#schemas/consensus/types.ts';
import { Network } from '../consensus/network.ts';
import { blockBy } from '../consensus/solo.ts';
import {
  type Happening,
  LoneCore,
  leaderOf,
  N,
  type NamedBlock,
  type OwnWord,
  type ProposalWord,
  signedProposal,
  signedVote,
} from './lone-core.ts';

/** A vote without its voter. */
export type Statement = Pick<Vote, 'type' | 'round' | 'value' | 'valid_round'>;
/** A proposal without its leader, whom the round tells. */
export type Proposed = { readonly round: number; readonly value: string; readonly valid_round: number };
/** A block and the round whose leader makes it. */
type Made = NamedBlock & { readonly round: number };

/** Of the numbers that bit operations know. */
const MAX_BITS = 32;

export class Vocabulary {
  readonly byzantine: number;
  readonly rounds: number;
  readonly votes: readonly Statement[];
  readonly #made: readonly Made[];
  readonly #bits = new Map<string, number>();
  /** The bits of each place, of which a correct validator sets one. */
  readonly #places: readonly number[];
  readonly #signed = new Map<string, SignedVote>();

  /** @param names of blocks that the Byzantine validator makes where it leads; the correct leaders make one each */
  constructor(byzantine: number, rounds: number, names: readonly string[]) {
    this.byzantine = byzantine;
    this.rounds = rounds;
    const forged = names.map((name) => blockBy(new Network(N), byzantine, name));
    this.#made = rangeTo(rounds).flatMap((round) =>
      (leaderOf(round) === byzantine ? forged : [freshBlock(round)]).map((made) => ({ ...made, round })),
    );
    this.votes = rangeTo(rounds).flatMap((round) => [...this.#prevotes(round), ...this.#precommits(round)]);
    for (const vote of this.votes) this.#bits.set(keyOf(vote), 1 << this.#bits.size);
    assert(this.#bits.size <= MAX_BITS, `${this.#bits.size} statements are more than a number has bits`);
    this.#places = rangeTo(rounds).flatMap((round) => [
      this.anyOf(this.inPlace('prevote', round)),
      this.anyOf(this.inPlace('precommit', round)),
    ]);
  }

  /** Of a proposal too: a correct leader prevotes what it proposes in the same breath. */
  bit(word: Statement | Proposed): number {
    const vote = 'type' in word ? word : ({ type: 'prevote', ...word } as const);
    const bit = this.#bits.get(keyOf(vote));
    assert(bit !== undefined, `nobody says ${keyOf(vote)}`);
    return bit;
  }

  /** The bits of several. */
  anyOf(words: readonly Statement[]): number {
    return words.reduce((mask, word) => mask | this.bit(word), 0);
  }

  /** Of all that somebody can still hear of what a core has said. */
  maskOf(said: readonly OwnWord[]): number {
    const votes = said.filter((word) => word.type !== 'proposal.received');
    return this.anyOf(
      votes.filter(({ round, type, value }) => round < this.rounds && !this.#isVain(type, round, value)),
    );
  }

  /** Whether one correct validator can have said all of it. */
  isOfOne(mask: number): boolean {
    return this.#places.every((place) => (mask & place & ((mask & place) - 1)) === 0);
  }

  /** Votes that can stand in one place. */
  inPlace(type: VoteType, round: number): Statement[] {
    return this.votes.filter((vote) => vote.type === type && vote.round === round);
  }

  /** Prevotes for a value in a round, whatever they cite. */
  prevotesFor(value: string | null, round: number): Statement[] {
    return this.inPlace('prevote', round).filter((vote) => vote.value === value);
  }

  /** What the leader of the round can propose: a Byzantine one any block that there is, a correct one its own or a valid one. */
  proposable(round: number): Proposed[] {
    const isForged = leaderOf(round) === this.byzantine;
    const fresh = this.#until(round).filter((made) => isForged || made.round === round);
    const words = fresh.map(({ id }) => ({ round, value: id, valid_round: -1 }));
    for (const valid_round of rangeTo(round))
      for (const { id } of this.#until(valid_round)) words.push({ round, value: id, valid_round });
    return words;
  }

  /** Ids of all blocks. */
  get values(): readonly string[] {
    return this.#made.map(({ id }) => id);
  }

  /** The proposal that brought a block into the world. */
  origin(value: string): Proposed {
    return { round: this.#of(value).round, value, valid_round: -1 };
  }

  body(value: string): Block {
    return this.#of(value).block;
  }

  signed(statement: Statement, validator: number): SignedVote {
    const { type, round, value, valid_round } = statement;
    const key = `${keyOf(statement)}/${validator}`;
    const signed = this.#signed.get(key) ?? signedVote({ type, round, value, valid_round, validator });
    this.#signed.set(key, signed);
    return signed;
  }

  certificate(statement: Statement, voters: readonly number[]): Certificate {
    const { type, round, value } = statement;
    const votes = voters.map((voter) => this.signed(statement, voter));
    return { type: type === 'prevote' ? 'polka' : 'commit', height: 1, round, value, votes };
  }

  /** The leader's proposal, with the polka that it cites. */
  proposal(proposed: Proposed, polka?: Certificate): ProposalWord {
    const proposal = signedProposal({ ...proposed, validator: leaderOf(proposed.round) });
    return { type: 'proposal.received', proposal, block: this.body(proposed.value), ...(polka && { polka }) };
  }

  #prevotes(round: number): Statement[] {
    const nil = { type: 'prevote', round, value: null, valid_round: -1 } as const;
    return [nil, ...this.proposable(round).map((word) => ({ type: 'prevote', ...word }) as const)];
  }

  #precommits(round: number): Statement[] {
    const type = 'precommit';
    const values = [null, ...this.#until(round).map(({ id }) => id)].filter(
      (value) => !this.#isVain(type, round, value),
    );
    return values.map((value) => ({ type, round, value, valid_round: -1 }));
  }

  /** A precommit on nil lets others leave the round; from the last one nobody goes on. */
  #isVain(type: VoteType, round: number, value: string | null): boolean {
    return type === 'precommit' && value === null && round === this.rounds - 1;
  }

  /** Blocks that are there in a round. */
  #until(round: number): Made[] {
    return this.#made.filter((made) => made.round <= round);
  }

  #of(value: string): Made {
    const made = this.#made.find(({ id }) => id === value);
    assert(made !== undefined, 'a value without a block');
    return made;
  }
}

export const rangeTo = (end: number): number[] => Array.from({ length: end }, (_, i) => i);

const keyOf = ({ type, round, value, valid_round }: Statement): string => `${type}/${round}/${value}/${valid_round}`;

/** What a correct leader proposes in its round when it holds no valid value: two others have gone there. */
function freshBlock(round: number): NamedBlock {
  const self = leaderOf(round);
  const others = rangeTo(N).filter((i) => i !== self);
  const went = others.slice(0, 2).map((validator): Happening => {
    const vote = signedVote({ type: 'prevote', round, value: null, valid_round: -1, validator });
    return { type: 'vote.received', vote };
  });
  const word = new LoneCore(self, round === 0 ? [] : went).proposals.at(-1);
  assert(word?.block !== undefined, `the leader of round ${round} proposes nothing`);
  return { block: word.block, id: word.proposal.value };
}
