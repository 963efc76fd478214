// Bodies that travel in parts: what waits for them, and whom to ask for the parts that do not come.
// Nothing here is part of the replayed state.
import type { Block, BlockPart, SignedProposal } from '#schemas/consensus/types.ts';
import { MAX_ROUND_PROPOSALS } from '#schemas/wire/limits.ts';
import { BodyAssembler, type PartOutcome } from './body-assembler.ts';
import type { CoreState } from './core-state.ts';
import type { Input } from './types.ts';

/** A proposal whose signature was checked. */
export type Waiting = Extract<Input, { type: 'proposal.received' }>;

/** Belongs to no height. */
const PARTS = { kind: 'parts', height: 0, round: 0 } as const;

export class Bodies {
  readonly #core: CoreState;
  readonly #assembler: BodyAssembler;
  /** Proposals of the present height by the block that they wait for. */
  readonly #waiting = new Map<string, Waiting[]>();
  /** Moves on with each question, so that the next one goes to another peer. */
  #turn = 0;

  constructor(core: CoreState) {
    this.#core = core;
    this.#assembler = new BodyAssembler(core.config.crypto);
  }

  /** The block, if all its parts are here. */
  block(value: string): Block | undefined {
    return this.#assembler.block(value);
  }

  /** Whether it waits for its body already. */
  isAwaited({ value, round, valid_round }: SignedProposal): boolean {
    const waiting = this.#waiting.get(value) ?? [];
    return waiting.some(({ proposal }) => proposal.round === round && proposal.valid_round === valid_round);
  }

  /** Take the proposal again once its body is here; false where others fill the store. */
  await(input: Waiting): boolean {
    const { value, round, height } = input.proposal;
    if (!this.expect(value, { height, round }, input.now_ms)) return false;
    const waiting = this.#waiting.get(value) ?? [];
    if (waiting.filter(({ proposal }) => proposal.round === round).length >= MAX_ROUND_PROPOSALS) return false;
    this.#waiting.set(value, [...waiting, input]);
    return true;
  }

  /** The parts may come before whoever needs them does: those of the next height. */
  expect(value: string, place: { readonly height: number; readonly round: number }, now_ms: number): boolean {
    const { at, timers, config } = this.#core;
    if (!this.#assembler.want(value, place, at, (other) => at.votes.names(other))) return false;
    for (const other of this.#waiting.keys()) if (!this.#assembler.has(other)) this.#waiting.delete(other);
    if (!timers.has(PARTS)) timers.set(PARTS, now_ms + config.timeouts.vote_ms);
    return true;
  }

  /** A certificate names them, and they are not here. */
  expectNamed(now_ms: number): void {
    const { votes, proposals, height, round } = this.#core.at;
    for (const value of votes.namedValues())
      if (proposals.block(value) === undefined) this.expect(value, { height, round }, now_ms);
  }

  /** A part; the last one gives the block. */
  hear(from: string, part: BlockPart): PartOutcome {
    return this.#assembler.add(from, part);
  }

  /** What waited for the block, which is here. */
  take(value: string): readonly Waiting[] {
    const waiting = this.#waiting.get(value) ?? [];
    this.#waiting.delete(value);
    return waiting;
  }

  /** The keeper of the height has the block now. */
  forget(value: string): void {
    this.#waiting.delete(value);
    this.#assembler.forget(value);
  }

  /** A height begins: of those before nothing is wanted any more. */
  begin(height: number): void {
    this.#waiting.clear();
    this.#assembler.settle(height - 1);
  }

  /** Ask for what has not come by itself: each part from another peer that should have it. */
  ask(now_ms: number): void {
    const { at, timers, config } = this.#core;
    const wanted = this.#assembler.wanted(at.height).filter(({ value, round }) => this.#isOfUse(value, round));
    for (const { value } of wanted) this.#askFor(value);
    if (wanted.some(({ value }) => this.#assembler.missing(value).length > 0))
      timers.set(PARTS, now_ms + config.timeouts.vote_ms);
  }

  /** Bodies that are wanted, bytes of their parts, and proposals that wait for them. */
  get size(): BodyAssembler['size'] & { readonly waiting: number } {
    const waiting = [...this.#waiting.values()].reduce((sum, inputs) => sum + inputs.length, 0);
    return { ...this.#assembler.size, waiting };
  }

  /** A block of an earlier round is of use only if a quorum named it. */
  #isOfUse(value: string, round: number): boolean {
    const { at } = this.#core;
    return round >= at.round || at.votes.names(value);
  }

  #askFor(value: string): void {
    const { at } = this.#core;
    const peers = this.#holders(value);
    for (const index of this.#assembler.missing(value)) {
      const peer = peers[this.#turn++ % peers.length];
      if (peer !== undefined) this.#core.emit({ type: 'part.request', peer, height: at.height, value, index });
    }
  }

  /** Who voted for it has it, and who proposed it. */
  #holders(value: string): readonly string[] {
    const { at, config } = this.#core;
    const proposers = (this.#waiting.get(value) ?? []).map(({ proposal }) => proposal.validator);
    const all = new Set([...proposers, ...at.votes.votersFor(value)]);
    const peers = [...all].flatMap((validator) => at.electorate.validators[validator]?.id ?? []);
    return peers.filter((peer) => peer !== config.self && this.#assembler.trusts(value, peer));
  }
}
