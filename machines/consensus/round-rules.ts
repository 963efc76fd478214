// Lets the rules of a height fire to the fixpoint and carries out what the round machine orders.
import type { FinalBlock, Header } from '#schemas/consensus/types.ts';
import { blockId, canMakeBlock, makeBlock } from './block-rules.ts';
import type { CoreState } from './core-state.ts';
import type { ProposeOrder } from './height.ts';
import type { Complex } from './multiplexer.ts';
import { isProposer } from './proposer.ts';
import type { RoundEvent, RoundOrder } from './round.machine.ts';
import type { Timer } from './timers.ts';

/** Makes a decided block final and begins the next height. */
export type OnDecided = (final: FinalBlock, header: Header, now_ms: number) => void;

export class RoundRules {
  readonly #core: CoreState;
  readonly #onDecided: OnDecided;

  constructor(core: CoreState, onDecided: OnDecided) {
    this.#core = core;
    this.#onDecided = onDecided;
  }

  /** Let the rules fire until none holds; a decision goes on with the next height. */
  advance(now_ms: number): void {
    const core = this.#core;
    if (core.at.step === 'unstarted') this.#pace(now_ms);
    for (let next = core.at.next(); next !== undefined && !core.isHalted; next = core.at.next())
      this.#fire(next, now_ms);
    if (core.at.wanted !== undefined) this.#propose(core.at.wanted, now_ms);
  }

  /** Lines 11, 55 and 65. */
  startRound(round: number, now_ms: number): void {
    const { timers, at } = this.#core;
    timers.cancelBefore(round);
    const is_proposer = isProposer(at.electorate, { height: at.height, round }, at.self);
    this.#send({ type: 'round.started', round, is_proposer }, now_ms);
  }

  /** Whether a fired timer still means something. */
  isDue({ kind, round }: Timer): boolean {
    const { at } = this.#core;
    if (kind === 'begin') return at.step === 'unstarted';
    return round === at.round && (kind === 'precommit' || kind === at.step);
  }

  /** Lines 57, 61 and 65; `begin` only lets the pace be looked at again. */
  expire({ kind, round }: Timer, now_ms: number): void {
    if (kind === 'propose') this.#send({ type: 'propose.expired' }, now_ms);
    if (kind === 'prevote') this.#send({ type: 'prevote.expired' }, now_ms);
    if (kind === 'precommit') this.startRound(round + 1, now_ms);
    this.advance(now_ms);
  }

  #fire(complex: Complex, now_ms: number): void {
    switch (complex.type) {
      case 'value.decided':
        return this.#decide(now_ms);
      case 'round.reached':
        return this.startRound(complex.round, now_ms);
      case 'proposal.fresh':
      case 'proposal.repeated': {
        const { value, valid_round } = complex.proposal;
        const is_valid = this.#core.at.proposals.block(value)?.is_valid ?? false;
        return this.#send({ type: complex.type, value, valid_round, is_valid }, now_ms);
      }
      case 'polka.reached':
      case 'polka.nil':
      case 'prevotes.split':
      case 'precommits.split':
        return this.#send(complex, now_ms);
    }
  }

  /** Begin the height when there is a reason and the time has come. */
  #pace(now_ms: number): void {
    const { at, timers } = this.#core;
    const pace = at.pacing.at(now_ms);
    if (pace === 'begin') return this.startRound(0, now_ms);
    const timer = { kind: 'begin', height: at.height, round: 0 } as const;
    if (pace !== 'wait' && !timers.has(timer)) timers.set(timer, pace.wait_until_ms);
  }

  /** Lines 49–54. */
  #decide(now_ms: number): void {
    const { votes, proposals } = this.#core.at;
    const certificate = votes.commit;
    const checked = proposals.block(certificate?.value ?? '');
    if (certificate === undefined || checked === undefined) return;
    this.#send({ type: 'value.decided' }, now_ms);
    this.#onDecided({ block: checked.block, certificate }, checked.header, now_ms);
  }

  #send(event: RoundEvent, now_ms: number): void {
    const { at } = this.#core;
    for (const order of at.send(event)) this.#obey(order, now_ms);
    if (at.step !== 'propose') at.wanted = undefined;
  }

  #obey(order: RoundOrder, now_ms: number): void {
    const { at, timers } = this.#core;
    switch (order.type) {
      case 'schedule': {
        const { step, round } = order;
        return timers.set({ kind: step, height: at.height, round }, now_ms + this.#timeout(step, round));
      }
      case 'propose':
        at.wanted = order;
        return undefined;
      case 'prevote':
        return this.#vote(order.type, order.round, order.value, order.valid_round);
      case 'precommit':
        return this.#vote(order.type, order.round, order.value, -1);
    }
  }

  #vote(type: 'prevote' | 'precommit', round: number, value: string | null, valid_round: number): void {
    const { height, electorate, self } = this.#core.at;
    // Who is no member follows the rounds as the others do, and says nothing.
    if (self < 0) return;
    const vote = { type, epoch: electorate.epoch, height, round, value, valid_round, validator: self };
    this.#core.emit({ type: 'vote', vote });
  }

  /** Lines 14–19; a new block waits for the beacon of the last height. */
  #propose({ round, value, valid_round }: ProposeOrder, now_ms: number): void {
    const { at, config, rules, tip, isReplaying } = this.#core;
    if (value === null && !canMakeBlock(rules, tip)) return;
    at.wanted = undefined;
    // What the application would prepare is not replayed: the own proposal comes from the log.
    if (isReplaying) return;
    const block = value === null ? makeBlock(rules, tip, now_ms) : at.proposals.block(value)?.block;
    if (block === undefined) return;
    const polka = at.votes.round(valid_round)?.polkas.find((certificate) => certificate.value === value);
    const id = value ?? blockId(config.crypto, block.header);
    const { epoch } = at.electorate;
    const proposal = { epoch, height: at.height, round, value: id, valid_round, validator: at.self };
    this.#core.emit({ type: 'propose', proposal, block, ...(polka && { polka }) });
  }

  /** Grows by half of its base each round, so that it passes any network delay some day. */
  #timeout(step: 'propose' | 'prevote' | 'precommit', round: number): number {
    const { propose_ms, vote_ms, cap_ms } = this.#core.config.timeouts;
    const base = step === 'propose' ? propose_ms : vote_ms;
    return Math.min(base + Math.floor(base / 2) * round, cap_ms);
  }
}
