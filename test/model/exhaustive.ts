// Every way in which three correct cores and one Byzantine validator can go through a bounded height, up to what cannot matter.
//
// The network is a set of all that was said; the Byzantine validator has said everything that it can sign. A step lets one core
// hear what makes one rule fire: a proposal, a quorum that agrees, a quorum that does not and the timeout, a third of a later
// round, a certificate. What else could arrive beside it only lets other rules fire, which are steps of their own.
//
// Cores in one place with the same locks and words count as one, whatever else they have heard. That loses ways in which the Byzantine
// validator has said one thing to the core that stands for both and another to the one that is left out: the first counts. Quorums
// with such a vote still reach it, as certificates.
import type { CoreParts } from '#machines/consensus/core-state.ts';
import type { Block, Certificate, SignedVote, VoteType } from '#schemas/consensus/types.ts';
import {
  type Happening,
  LoneCore,
  leaderOf,
  type NamedBlock,
  type ProposalWord,
  signedProposal,
  signedVote,
} from './lone-core.ts';

const QUORUM = 3;
const TYPES = ['prevote', 'precommit'] as const;

/** What is explored. */
export type Bounds = {
  readonly byzantine: number;
  /** Rounds of the height; what would begin after them is cut off. */
  readonly rounds: number;
  /** Blocks that the Byzantine validator may propose; the correct leaders add one each. */
  readonly blocks: readonly NamedBlock[];
  readonly parts?: CoreParts;
  /** Global states to visit at most: reaching it is a failure of the check. */
  readonly max_states: number;
};

/** What was found. */
export type Explored = {
  readonly states: number;
  readonly steps: number;
  /** States of single cores. */
  readonly locals: number;
  readonly violations: readonly string[];
  /** Situations that must occur for the check to mean something, counted by states. */
  readonly reached: ReadonlyMap<string, number>;
};

/** One core as it is after some history. */
type Local = {
  readonly id: number;
  readonly self: number;
  readonly history: readonly Happening[];
  readonly core: LoneCore;
  readonly words: string;
};

export function explore(bounds: Bounds): Explored {
  return new Explorer(bounds).run();
}

class Explorer {
  readonly #bounds: Bounds;
  readonly #correct: readonly number[];
  readonly #leaders: readonly number[];
  readonly #locals = new Map<string, Local>();
  readonly #next = new Map<string, Local>();
  readonly #seen = new Set<string>();
  readonly #violations = new Set<string>();
  readonly #reached = new Map<string, number>();
  #steps = 0;

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
    this.#correct = [0, 1, 2, 3].filter((i) => i !== bounds.byzantine);
    this.#leaders = Array.from({ length: bounds.rounds }, (_, round) => leaderOf(round));
  }

  /** Cores that lead no round are alike. */
  #keyOf(state: readonly Local[]): string {
    const leads = ({ self }: Local): boolean => this.#leaders.includes(self);
    const others = state.filter((local) => !leads(local)).map(({ words }) => words);
    return [...state.filter(leads).map(({ words }) => words), ...others.sort()].join('|');
  }

  run(): Explored {
    const first = this.#correct.map((self) => this.#keep(self, []));
    const open: (readonly Local[])[] = [first];
    this.#seen.add(this.#keyOf(first));
    for (const state of open) {
      this.#judge(state);
      if (this.#seen.size > this.#bounds.max_states || this.#violations.size > 0) break;
      for (const next of this.#after(state)) {
        const key = this.#keyOf(next);
        if (this.#seen.has(key)) continue;
        this.#seen.add(key);
        open.push(next);
      }
    }
    if (this.#seen.size > this.#bounds.max_states) this.#violations.add('the bound on states was reached');
    const { size: states } = this.#seen;
    return {
      states,
      steps: this.#steps,
      locals: this.#locals.size,
      violations: [...this.#violations],
      reached: this.#reached,
    };
  }

  *#after(state: readonly Local[]): Iterable<readonly Local[]> {
    const soup = new Soup(state, this.#bounds);
    for (const [i, local] of state.entries()) {
      const { decided, position } = local.core;
      if (decided !== undefined || position.round >= this.#bounds.rounds) continue;
      for (const [name, happenings] of soup.stepsOf(local)) {
        this.#steps++;
        const next = this.#step(local, name, happenings);
        if (next !== local) yield state.with(i, next);
      }
    }
  }

  #step(local: Local, name: string, happenings: readonly Happening[]): Local {
    const key = `${local.id}/${name}`;
    const known = this.#next.get(key);
    if (known !== undefined) return known;
    const next = this.#keep(local.self, [...local.history, ...happenings]);
    this.#next.set(key, next);
    return next;
  }

  #keep(self: number, history: readonly Happening[]): Local {
    const core = new LoneCore(self, history, this.#bounds.parts);
    const key = `${self}/${core.digest()}`;
    const known = this.#locals.get(key);
    if (known !== undefined) return known;
    const local = { id: this.#locals.size, self, history, core, words: core.words() };
    this.#locals.set(key, local);
    return local;
  }

  /** Agreement, and what each statement of a correct core must rest on. */
  #judge(state: readonly Local[]): void {
    const soup = new Soup(state, this.#bounds);
    const decided = new Set(state.flatMap(({ core }) => core.decided?.value ?? []));
    if (decided.size > 1) this.#violations.add('agreement: two blocks were decided');
    for (const { self, core } of state) {
      if (core.halt !== undefined) this.#violations.add(`halt: ${core.halt}`);
      if (core.evidence.some(({ a }) => a.validator !== this.#bounds.byzantine))
        this.#violations.add(`evidence: core ${self} accuses a correct validator`);
      for (const broken of soup.unfounded(core)) this.#violations.add(`core ${self}: ${broken}`);
      for (const what of situations(core)) this.#reached.set(what, (this.#reached.get(what) ?? 0) + 1);
    }
  }
}

function* situations({ votes, proposals, decided, evidence }: LoneCore): Iterable<string> {
  if (decided !== undefined) yield `decided in round ${decided.round}`;
  if (proposals.some(({ polka }) => polka !== undefined)) yield 'proposed a valid value again';
  if (votes.some((v) => v.valid_round >= 0)) yield 'prevoted by an old polka';
  if (evidence.length > 0) yield 'found evidence';
  const locks = votes.filter((v) => v.type === 'precommit' && v.value !== null).map(({ value }) => value);
  if (new Set(locks).size > 1) yield 'changed its lock';
  const locked = votes.find((v) => v.type === 'precommit' && v.value !== null);
  if (locked && votes.some((v) => v.type === 'prevote' && v.round > locked.round && v.value === null))
    yield 'kept its lock against another proposal';
}

/** All that was said in a state, and what a core can be made to hear of it. */
class Soup {
  readonly #bounds: Bounds;
  readonly #votes: readonly SignedVote[];
  readonly #said: readonly ProposalWord[];
  readonly #proposals: readonly ProposalWord[];

  constructor(state: readonly Local[], bounds: Bounds) {
    this.#bounds = bounds;
    this.#votes = state.flatMap(({ core }) => core.votes);
    this.#said = state.flatMap(({ core }) => core.proposals);
    this.#proposals = [...this.#said, ...this.#forgedProposals()];
  }

  /** Named steps: the name tells what is heard, so that a core in one state need be stepped once. */
  *stepsOf({ self, core }: Local): Iterable<readonly [string, readonly Happening[]]> {
    yield* this.#proposalsFor(self);
    for (const certificate of this.#certificates())
      yield named([{ type: 'certificate.received', ...this.#withBody(certificate) }]);
    for (const votes of this.#quorums()) yield named(heard(self, votes));
    for (const id of core.timers) yield named([{ type: 'timer.fired', id }]);
    for (const [type, round] of this.#places()) {
      if (round !== core.position.round || (type === 'prevote' && core.position.step !== 'prevote')) continue;
      const id = `${type}/1/${round}`;
      for (const votes of this.#splits(type, round)) yield named([...heard(self, votes), { type: 'timer.fired', id }]);
    }
    yield* this.#skips(self, core.position.round);
  }

  /** Statements of a core that nothing which was said allows. */
  *unfounded({ votes, decided }: LoneCore): Iterable<string> {
    for (const { type, round, value, valid_round } of votes) {
      if (type === 'precommit' && value !== null && !this.#hasPolka(round, value))
        yield `precommits in round ${round} without a polka`;
      if (type === 'prevote' && valid_round >= 0 && (value === null || !this.#hasPolka(valid_round, value)))
        yield `prevotes in round ${round} by a polka that is not there`;
      if (votes.filter((v) => v.type === type && v.round === round).length > 1)
        yield `says two ${type}s in round ${round}`;
    }
    if (decided !== undefined && this.#backers('precommit', decided.round, decided.value, -1).length < QUORUM)
      yield 'decides without a quorum';
  }

  *#proposalsFor(self: number): Iterable<readonly [string, readonly Happening[]]> {
    for (const word of this.#proposals) if (word.proposal.validator !== self) yield named([word]);
  }

  *#quorums(): Iterable<readonly SignedVote[]> {
    for (const [type, round] of this.#places()) {
      for (const value of this.#values()) {
        for (const valid_round of type === 'prevote' ? validRounds(round) : [-1]) {
          const votes = this.#backers(type, round, value, valid_round);
          if (votes.length >= QUORUM) yield votes;
        }
      }
    }
  }

  /** Any two others and the own vote are a quorum of any kind. */
  *#splits(type: VoteType, round: number): Iterable<readonly SignedVote[]> {
    const said = this.#votes.filter((v) => v.type === type && v.round === round);
    const nil = this.#forged(type, round, null, -1);
    const all = [...said, nil];
    for (const [i, a] of all.entries()) for (const b of all.slice(i + 1)) yield [a, b];
  }

  /** Two voters of a later round. */
  *#skips(self: number, round: number): Iterable<readonly [string, readonly Happening[]]> {
    for (let later = round + 1; later < this.#bounds.rounds; later++) {
      const first = this.#votes.find((v) => v.round === later && v.validator !== self);
      if (first !== undefined) yield named(heard(self, [first, this.#forged('prevote', later, null, -1)]));
    }
  }

  *#certificates(): Iterable<Certificate> {
    for (const [type, round] of this.#places()) {
      for (const value of this.#values()) {
        if (value === null) continue;
        for (const valid_round of type === 'prevote' ? validRounds(round) : [-1]) {
          const votes = this.#backers(type, round, value, valid_round);
          if (votes.length >= QUORUM)
            yield { type: type === 'prevote' ? 'polka' : 'commit', height: 1, round, value, votes };
        }
      }
    }
  }

  /** The Byzantine leader proposes any block, fresh and again, as far as polkas go. */
  #forgedProposals(): ProposalWord[] {
    const words: ProposalWord[] = [];
    for (let round = 0; round < this.#bounds.rounds; round++) {
      if (leaderOf(round) !== this.#bounds.byzantine) continue;
      for (const { block, id } of this.#bounds.blocks) words.push(this.#forgedProposal(block, id, round, undefined));
      for (const polka of this.#polkasBefore(round)) {
        const body = this.#bodyOf(polka.value ?? '');
        if (body !== undefined) words.push(this.#forgedProposal(body, polka.value ?? '', round, polka));
      }
    }
    return words;
  }

  #polkasBefore(round: number): Certificate[] {
    return [...this.#certificates()].filter((c) => c.type === 'polka' && c.round < round);
  }

  #forgedProposal(block: Block, value: string, round: number, polka: Certificate | undefined): ProposalWord {
    const proposal = signedProposal({
      round,
      value,
      valid_round: polka?.round ?? -1,
      validator: this.#bounds.byzantine,
    });
    return { type: 'proposal.received', proposal, block, ...(polka && { polka }) };
  }

  #withBody(certificate: Certificate): { readonly certificate: Certificate; readonly block?: Block } {
    const block = certificate.type === 'commit' ? this.#bodyOf(certificate.value ?? '') : undefined;
    return { certificate, ...(block && { block }) };
  }

  #bodyOf(value: string): Block | undefined {
    const forged = this.#bounds.blocks.find(({ id }) => id === value)?.block;
    return forged ?? this.#said.find(({ proposal }) => proposal.value === value)?.block;
  }

  *#places(): Iterable<readonly [VoteType, number]> {
    for (let round = 0; round < this.#bounds.rounds; round++) for (const type of TYPES) yield [type, round];
  }

  #values(): (string | null)[] {
    return [null, ...new Set(this.#votes.flatMap(({ value }) => value ?? []))];
  }

  /** Correct votes that say so, and the Byzantine one where it is needed. */
  #backers(type: VoteType, round: number, value: string | null, valid_round: number): SignedVote[] {
    const votes = this.#votes.filter(
      (v) => v.type === type && v.round === round && v.value === value && v.valid_round === valid_round,
    );
    return votes.length >= QUORUM ? votes : [...votes, this.#forged(type, round, value, valid_round)];
  }

  #hasPolka(round: number, value: string): boolean {
    return validRounds(round).some((vr) => this.#backers('prevote', round, value, vr).length >= QUORUM);
  }

  #forged(type: VoteType, round: number, value: string | null, valid_round: number): SignedVote {
    return signedVote({ type, round, value, valid_round, validator: this.#bounds.byzantine });
  }
}

const validRounds = (round: number): number[] => Array.from({ length: round + 1 }, (_, i) => i - 1);

const heard = (self: number, votes: readonly SignedVote[]): Happening[] =>
  votes.filter(({ validator }) => validator !== self).map((vote) => ({ type: 'vote.received', vote }));

const named = (happenings: readonly Happening[]): readonly [string, readonly Happening[]] => [
  happenings.map(nameOf).join(' '),
  happenings,
];

/** Enough of a block id to tell a handful apart. */
const short = (value: string | null): string => value?.slice(0, 8) ?? 'nil';

function nameOf(happening: Happening): string {
  switch (happening.type) {
    case 'timer.fired':
      return happening.id;
    case 'vote.received': {
      const { type, round, value, valid_round, validator } = happening.vote;
      return `${type}/${round}/${short(value)}/${valid_round}/${validator}`;
    }
    case 'certificate.received': {
      const { type, round, value, votes } = happening.certificate;
      return `${type}/${round}/${short(value)}/${votes.map((v) => `${v.validator}:${v.valid_round}`).join()}`;
    }
    case 'proposal.received': {
      const { round, value, valid_round, validator } = happening.proposal;
      return `proposal/${round}/${short(value)}/${valid_round}/${validator}/${happening.polka?.votes.map((v) => v.validator).join()}`;
    }
  }
}
