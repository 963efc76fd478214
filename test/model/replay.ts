// Plays a trace of the model to real validator cores, and compares after each step.
import { isDeepStrictEqual } from 'node:util';
import type { CoreParts } from '#machines/consensus/core-state.ts';
import type { Certificate, SignedVote, VoteType } from '#schemas/consensus/types.ts';
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
import type { State, Step, Trace, Word } from './trace.ts';

/** Where a core and the model part; undefined where they never do. */
export type Divergence = { readonly step: number; readonly model: unknown; readonly core: unknown };

/** @param parts a planted bug */
export function replay(trace: Trace, parts?: CoreParts): Divergence | undefined {
  const play = new Play(trace, parts);
  for (const [i, step] of trace.steps.entries()) {
    const divergence = play.step(step);
    if (divergence !== undefined) return { step: i, ...divergence };
  }
  return undefined;
}

/** The model's leader of round r is validator r modulo N; the real table may have another order. */
const indexOf = (validator: number): number => leaderOf(validator);

class Play {
  readonly #cores = new Map<number, LoneCore>();
  /** Blocks by the model's numbers. */
  readonly #blocks = new Map<number, NamedBlock>();
  readonly #network = new Network(N);

  constructor({ faulty }: Trace, parts: CoreParts | undefined) {
    for (let i = 0; i < N; i++) if (!faulty.includes(i)) this.#cores.set(i, new LoneCore(indexOf(i), [], parts));
  }

  step(step: Step): Omit<Divergence, 'step'> | undefined {
    const core = this.#cores.get(step.at);
    if (core === undefined) throw new Error(`the trace tells of ${step.at}, which is faulty`);
    core.happen(this.#happening(step));
    const model = inOrder(step.after);
    const real = this.#stateOf(core);
    return isDeepStrictEqual(model, real) ? undefined : { model, core: real };
  }

  #happening({ what, word, timer }: Step): Happening {
    if (what === 'timeout') return { type: 'timer.fired', id: `${timer.kind}/1/${timer.round}` };
    if (what === 'certificate') return this.#certificate(word);
    return word.kind === 'proposal'
      ? this.#proposal(word)
      : { type: 'vote.received', vote: this.#vote(word.kind as VoteType, word, word.from) };
  }

  #certificate(word: Word): Happening {
    const isCommit = word.kind === 'precommit';
    const certificate = this.#quorum(isCommit ? 'commit' : 'polka', word.round, word.value, word.vr, word.polka);
    return { type: 'certificate.received', certificate, ...(isCommit && { block: this.#block(word.value).block }) };
  }

  #proposal({ round, value, vr, from, polka, polka_vr }: Word): ProposalWord {
    const { block, id } = this.#block(value);
    const proposal = signedProposal({ round, value: id, valid_round: vr, validator: indexOf(from) });
    const brings = vr === -1 ? {} : { polka: this.#quorum('polka', vr, value, polka_vr, polka) };
    return { type: 'proposal.received', proposal, block, ...brings };
  }

  #quorum(type: 'polka' | 'commit', round: number, value: number, vr: number, voters: readonly number[]): Certificate {
    const kind = type === 'polka' ? 'prevote' : 'precommit';
    const votes = voters.map((from) => this.#vote(kind, { round, value, vr }, from));
    return { type, height: 1, round, value: this.#idOf(value), votes };
  }

  #vote(type: VoteType, { round, value, vr }: Pick<Word, 'round' | 'value' | 'vr'>, from: number): SignedVote {
    return signedVote({ type, round, value: this.#idOf(value), valid_round: vr, validator: indexOf(from) });
  }

  #idOf(value: number): string | null {
    return value < 0 ? null : this.#block(value).id;
  }

  /** A correct leader's block is the one that its core made; a faulty one's is made here. */
  #block(value: number): NamedBlock {
    const known = this.#blocks.get(value);
    if (known !== undefined) return known;
    const round = value % 10;
    const own = this.#cores.get(round % N)?.proposals.find(({ proposal }) => proposal.round === round);
    const block = own?.block
      ? { block: own.block, id: own.proposal.value }
      : blockBy(this.#network, indexOf(round % N), `value ${value}`);
    this.#blocks.set(value, block);
    return block;
  }

  #stateOf(core: LoneCore): Record<keyof State, unknown> {
    const { state, position, halt, decided } = core;
    const { locked_round, valid_round } = state;
    return {
      step: halt === undefined && decided !== undefined ? 'commit' : position.step,
      round: state.round,
      locked_value: this.#numberOf(state.locked_value),
      locked_round,
      valid_value: this.#numberOf(state.valid_value),
      valid_round,
      decided: this.#numberOf(decided?.value ?? null),
      halted: halt !== undefined,
      timers: [...core.timers].sort(),
      said: core.said.map((word) => this.#wordOf(word)),
    };
  }

  #wordOf(word: OwnWord): Word {
    if (word.type !== 'proposal.received') {
      const { type: kind, round, value, valid_round: vr, validator } = word;
      return { kind, round, value: this.#numberOf(value), vr, from: this.#modelOf(validator), polka: [], polka_vr: -1 };
    }
    const { round, value, valid_round: vr, validator } = word.proposal;
    const voters = word.polka?.votes.map((vote) => this.#modelOf(vote.validator)) ?? [];
    const polka_vr = word.polka?.votes[0]?.valid_round ?? -1;
    const from = this.#modelOf(validator);
    return { kind: 'proposal', round, value: this.#numberOf(value), vr, from, polka: voters.sort(byNumber), polka_vr };
  }

  #modelOf(validator: number): number {
    return [0, 1, 2, 3].findIndex((i) => indexOf(i) === validator);
  }

  /** A block that is new here is what its leader made in this round. */
  #numberOf(value: string | null): number {
    if (value === null) return -1;
    for (const [number, { id }] of this.#blocks) if (id === value) return number;
    const proposals = [...this.#cores.values()].flatMap((core) => core.proposals);
    return proposals.find(({ proposal }) => proposal.value === value)?.proposal.round ?? -2;
  }
}

/** Sets have no order. */
function inOrder({ timers, said, ...rest }: State): Record<keyof State, unknown> {
  return {
    ...rest,
    timers: timers.map(({ kind, round }) => `${kind}/1/${round}`).toSorted(),
    said: said.map((word) => ({ ...word, polka: word.polka.toSorted(byNumber) })),
  };
}

const byNumber = (a: number, b: number): number => a - b;
