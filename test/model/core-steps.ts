// What one core can be made to hear, each time with what the two other correct validators must have said for it. The Byzantine one
// has said everything that it can sign.
import type { SignedVote, VoteType } from '#schemas/consensus/types.ts';
import { type Happening, leaderOf } from './lone-core.ts';
import { type Proposed, type Statement, type Vocabulary } from './vocabulary.ts';

/** Something to hear. `a` and `b`: the bits of the statements that the first and the second peer must have said. */
export type Offer = { readonly a: number; readonly b: number; readonly hears: readonly Happening[] };

/** Where a core is, and the bits of what it has said. */
export type Place = { readonly round: number; readonly step: string; readonly own: number };

/** Three voters for one statement, with what the peers must have said. */
type Quorum = { readonly a: number; readonly b: number; readonly voters: readonly number[] };

export class CoreSteps {
  readonly #words: Vocabulary;
  readonly #self: number;
  readonly #peers: readonly [number, number];

  constructor(words: Vocabulary, self: number, peers: readonly [number, number]) {
    this.#words = words;
    this.#self = self;
    this.#peers = peers;
  }

  /** One rule each: what could be heard beside it lets other rules fire, which are offers of their own. */
  *offers(place: Place): Iterable<Offer> {
    if (place.step === 'propose') yield* this.#proposals(place);
    yield* this.#quorums(place);
    if (place.step === 'prevote') yield* this.#splits('prevote', place);
    yield* this.#splits('precommit', place);
    yield* this.#skips(place);
    yield* this.commits(place.own);
    yield* this.#lies(place);
  }

  /** Lines 22 and 28, and the timeout of line 57. */
  *#proposals(place: Place): Iterable<Offer> {
    const { round } = place;
    yield { a: 0, b: 0, hears: [{ type: 'timer.fired', id: `propose/1/${round}` }] };
    const leader = leaderOf(round);
    if (leader === this.#self) return;
    for (const proposed of this.#words.proposable(round)) {
      const said =
        leader === this.#words.byzantine ? this.#known(proposed.value, place.own) : this.#by(leader, proposed);
      if (said === undefined) continue;
      if (proposed.valid_round < 0) yield { ...said, hears: [this.#words.proposal(proposed)] };
      for (const polka of this.#words.prevotesFor(proposed.value, proposed.valid_round)) {
        for (const { a, b, voters } of this.#threeOf(polka, place.own)) {
          const word = this.#words.proposal(proposed, this.#words.certificate(polka, voters));
          yield { a: a | said.a, b: b | said.b, hears: [word] };
        }
      }
    }
  }

  /** A block can be named by whoever knows it: its correct maker has proposed it. */
  #known(value: string, own: number): Pick<Offer, 'a' | 'b'> | undefined {
    const origin = this.#words.origin(value);
    const maker = leaderOf(origin.round);
    if (maker === this.#words.byzantine) return { a: 0, b: 0 };
    if (maker !== this.#self) return this.#by(maker, origin);
    return (own & this.#words.bit(origin)) === 0 ? undefined : { a: 0, b: 0 };
  }

  #by(validator: number, word: Statement | Proposed): Pick<Offer, 'a' | 'b'> {
    const bit = this.#words.bit(word);
    return validator === this.#peers[0] ? { a: bit, b: 0 } : { a: 0, b: bit };
  }

  /** Lines 36 and 44 and the fast path of 47, as a certificate and vote by vote; the body comes before. */
  *#quorums({ round, step, own }: Place): Iterable<Offer> {
    const polkas = step === 'propose' ? [] : this.#words.inPlace('prevote', round);
    const nil = this.#words.inPlace('precommit', round).filter(({ value }) => value === null);
    for (const statement of [...polkas, ...nil]) {
      for (const { a, b, voters } of this.#threeOf(statement, own)) {
        const body = this.#bodyOf(statement.value);
        const certificate = this.#words.certificate(statement, voters);
        yield { a, b, hears: [...body, { type: 'certificate.received', certificate }] };
        yield { a, b, hears: [...body, ...this.#heard(certificate.votes)] };
      }
    }
  }

  /** Lines 34 and 47: votes of any kind by a quorum, the own one among them or not, and the timeout. */
  *#splits(type: VoteType, { round, own }: Place): Iterable<Offer> {
    const any = this.#words.inPlace(type, round);
    const timeout: Happening = { type: 'timer.fired', id: `${type}/1/${round}` };
    const hasSpoken = any.some((vote) => (own & this.#words.bit(vote)) !== 0);
    const [peerA, peerB] = this.#peers;
    const { byzantine } = this.#words;
    const said = (by: number, vote: Statement) => this.#words.signed(vote, by);
    for (const first of any) {
      const bit = this.#words.bit(first);
      for (const second of any) {
        const both = [said(peerA, first), said(peerB, second)];
        const forged = said(byzantine, second);
        if (hasSpoken) {
          yield { a: bit, b: 0, hears: [...this.#heard([forged, said(peerA, first)]), timeout] };
          yield { a: 0, b: bit, hears: [...this.#heard([forged, said(peerB, first)]), timeout] };
          yield { a: bit, b: this.#words.bit(second), hears: [...this.#heard(both), timeout] };
        } else
          for (const third of any)
            yield {
              a: bit,
              b: this.#words.bit(second),
              hears: [...this.#heard([...both, said(byzantine, third)]), timeout],
            };
      }
    }
  }

  /** Line 55: one correct voter of a later round, and the Byzantine one. */
  *#skips({ round }: Place): Iterable<Offer> {
    for (const vote of this.#words.votes) {
      if (vote.round <= round) continue;
      const forged = this.#words.signed(
        { type: 'prevote', round: vote.round, value: null, valid_round: -1 },
        this.#words.byzantine,
      );
      for (const peer of this.#peers)
        yield { ...this.#by(peer, vote), hears: this.#heard([this.#words.signed(vote, peer), forged]) };
    }
  }

  /** Line 49, in any round and step. */
  *commits(own: number): Iterable<Offer> {
    for (const statement of this.#words.votes) {
      if (statement.type !== 'precommit' || statement.value === null) continue;
      for (const { a, b, voters } of this.#threeOf(statement, own)) {
        const certificate = this.#words.certificate(statement, voters);
        const block = this.#words.body(statement.value);
        yield { a, b, hears: [{ type: 'certificate.received', certificate, block }] };
        yield { a, b, hears: [...this.#bodyOf(statement.value), ...this.#heard(certificate.votes)] };
      }
    }
  }

  /** What one Byzantine validator can forge alone: certificates with its vote three times, and repeated proposals without a polka. */
  *#lies({ round, step, own }: Place): Iterable<Offer> {
    const { byzantine } = this.#words;
    for (const statement of this.#words.votes) {
      const { type, value } = statement;
      const known = value === null ? undefined : this.#known(value, own);
      if (
        known === undefined ||
        value === null ||
        (type === 'prevote' ? statement.round !== round : statement.round > round)
      )
        continue;
      const certificate = this.#words.certificate(statement, [byzantine, byzantine, byzantine]);
      const block = this.#words.body(value);
      yield { ...known, hears: [...this.#bodyOf(value), { type: 'certificate.received', certificate, block }] };
    }
    if (step !== 'propose' || leaderOf(round) !== byzantine) return;
    for (const proposed of this.#words.proposable(round)) {
      const known = this.#known(proposed.value, own);
      if (proposed.valid_round >= 0 && known !== undefined) yield { ...known, hears: [this.#words.proposal(proposed)] };
    }
  }

  /** Whoever three of the four make up a quorum. */
  *#threeOf(statement: Statement, own: number): Iterable<Quorum> {
    const bit = this.#words.bit(statement);
    const [peerA, peerB] = this.#peers;
    const { byzantine } = this.#words;
    yield { a: bit, b: bit, voters: [peerA, peerB, byzantine] };
    if ((own & bit) === 0) return;
    yield { a: bit, b: bit, voters: [this.#self, peerA, peerB] };
    yield { a: bit, b: 0, voters: [this.#self, peerA, byzantine] };
    yield { a: 0, b: bit, voters: [this.#self, peerB, byzantine] };
  }

  #bodyOf(value: string | null): Happening[] {
    if (value === null || leaderOf(this.#words.origin(value).round) === this.#self) return [];
    return [this.#words.proposal(this.#words.origin(value))];
  }

  #heard(votes: readonly SignedVote[]): Happening[] {
    return votes.filter(({ validator }) => validator !== this.#self).map((vote) => ({ type: 'vote.received', vote }));
  }
}
