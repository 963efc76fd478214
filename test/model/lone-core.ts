// One production core of a height whose messages a model chooses: own words come back at once, as in a turn. Cloned by repeating its inputs.
import { type Core, createCore } from '#machines/consensus/core.ts';
import { type CoreParts, roundStepper } from '#machines/consensus/core-state.ts';
import { proposerOf } from '#machines/consensus/proposer.ts';
import type { RoundContext } from '#machines/consensus/round.machine.ts';
import type { CoreEffect, Input } from '#machines/consensus/types.ts';
import { quorum } from '#machines/primitives/quorum.ts';
import type { Block, Evidence, Proposal, SignedProposal, SignedVote, Vote } from '#schemas/consensus/types.ts';
import { configOf, HashApp, membershipOf, signProposal, signVote, validatorSet } from '../consensus/network.ts';

export const N = 4;
const set = validatorSet(N);
const membership = membershipOf(set);
/** Who leads a round of the height. */
export const leaderOf = (round: number): number => proposerOf(membership, 1, round);
/** The only time there is: delays are the model's business. The next height does not begin in it. */
const NOW_MS = 1_000;

/** What a core says, as others hear it. */
export type ProposalWord = Omit<Extract<Input, { type: 'proposal.received' }>, 'now_ms'>;
export type OwnWord = SignedVote | ProposalWord;

export const signedVote = (vote: Omit<Vote, 'epoch' | 'height'>): SignedVote =>
  signVote(set, { epoch: 0, height: 1, ...vote });
export const signedProposal = (proposal: Omit<Proposal, 'epoch' | 'height'>): SignedProposal =>
  signProposal(set, { epoch: 0, height: 1, ...proposal });

/** What the model lets happen to a core; `now_ms` is filled in. */
export type Happening =
  | ProposalWord
  | Omit<Extract<Input, { type: 'vote.received' }>, 'now_ms'>
  | Omit<Extract<Input, { type: 'certificate.received' }>, 'now_ms'>
  | Omit<Extract<Input, { type: 'timer.fired' }>, 'now_ms'>;

export class LoneCore {
  /** In the order in which it was said. */
  readonly said: OwnWord[] = [];
  readonly evidence: Evidence[] = [];
  /** Ids of the timers that are set. */
  readonly timers = new Set<string>();
  /** Id of the decided block, and of its round. */
  decided: { readonly value: string; readonly round: number } | undefined;
  halt: string | undefined;
  /** Lines 1 to 6 of the paper. */
  state = (roundStepper.initial.context as RoundContext).d;
  readonly #self: number;
  readonly #core: Core;

  constructor(self: number, history: readonly Happening[], parts: CoreParts = { stepper: roundStepper, quorum }) {
    const app = new HashApp(membership);
    app.pool = [Uint8Array.of(self)];
    this.#self = self;
    this.#core = createCore(
      { ...configOf(set, self, app), min_block_interval_ms: 1 },
      { ...parts, stepper: this.#watched(parts.stepper) },
    );
    this.#take({ type: 'started', now_ms: NOW_MS - 1 });
    this.#take({ type: 'timer.fired', id: 'begin/1/0', now_ms: NOW_MS });
    for (const happening of history) this.happen(happening);
  }

  get position(): Core['position'] {
    return this.#core.position;
  }

  get votes(): SignedVote[] {
    return this.said.filter((word) => word.type !== 'proposal.received');
  }

  get proposals(): ProposalWord[] {
    return this.said.filter((word) => word.type === 'proposal.received');
  }

  /** Everything that decides what it does next. */
  digest(): string {
    const votes = this.votes.map((v) => `${v.type}/${v.round}/${v.value}/${v.valid_round}`);
    const polkas = this.proposals.map(({ polka }) => polka?.votes.map(({ validator }) => validator).join());
    const offences = this.evidence.map(({ type, a, b }) => `${type}/${a.validator}/${a.round}/${a.value}/${b.value}`);
    return [this.#core.stateDigest(), ...votes, ...polkas, ...[...this.timers].sort(), ...offences].join(' ');
  }

  happen(happening: Happening): void {
    if (this.decided !== undefined) return;
    if (happening.type === 'timer.fired' && !this.timers.delete(happening.id)) return;
    this.#take({ ...happening, now_ms: NOW_MS });
  }

  #watched(stepper: CoreParts['stepper']): CoreParts['stepper'] {
    return {
      initial: stepper.initial,
      step: (...args) => {
        const stepped = stepper.step(...args);
        this.state = (stepped.snapshot.context as RoundContext).d;
        return stepped;
      },
    };
  }

  #take(input: Input): void {
    const own: Input[] = [];
    for (const effect of this.#core.step(input)) {
      const word = this.#perform(effect);
      if (word !== undefined) own.push(word);
    }
    for (const word of own) if (this.decided === undefined) this.#take(word);
  }

  #perform(effect: CoreEffect): Input | undefined {
    switch (effect.type) {
      case 'vote': {
        const vote = signVote(set, effect.vote);
        this.said.push(vote);
        return { type: 'vote.received', vote, now_ms: NOW_MS };
      }
      case 'propose': {
        const { proposal, polka, block } = effect;
        const word = {
          type: 'proposal.received' as const,
          proposal: signProposal(set, proposal),
          block,
          ...(polka && { polka }),
        };
        this.said.push(word);
        return { ...word, now_ms: NOW_MS };
      }
      case 'timer.set':
        if (isOfRound(effect.id)) this.timers.add(effect.id);
        return undefined;
      case 'timer.cancel':
        this.timers.delete(effect.id);
        return undefined;
      case 'decided':
        this.decided = { value: effect.final.certificate.value ?? '', round: effect.round };
        return undefined;
      case 'evidence.found':
        this.evidence.push(effect.evidence);
        return undefined;
      case 'halt':
        this.halt = `${effect.code} at ${this.#self}`;
        return undefined;
      default:
        return undefined;
    }
  }
}

/** Timers of the protocol: the others repeat words and ask for blocks, which the model does for itself. */
const isOfRound = (id: string): boolean => /^(propose|prevote|precommit)\//.test(id);

/** A valid block that a Byzantine validator may propose. */
export type NamedBlock = { readonly block: Block; readonly id: string };
