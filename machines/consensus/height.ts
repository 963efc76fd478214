// Everything that a validator holds about the height it works on; thrown away when the height is decided.
import type { Evidence } from '#schemas/consensus/types.ts';
import { MAX_PAST_PROPOSAL_ROUNDS, MAX_PAST_ROUNDS } from '#schemas/wire/limits.ts';
import type { FlatSnapshot, PureStepper } from '../primitives/pure-stepper.ts';
import { type Electorate, indexOf } from './electorate.ts';
import { type Complex, nextComplex, type Rule } from './multiplexer.ts';
import { Pacing } from './pacing.ts';
import { ProposalKeeper } from './proposal-keeper.ts';
import type { RoundContext, RoundEvent, RoundOrder, RoundStep } from './round.machine.ts';
import type { CoreConfig } from './types.ts';
import { VoteKeeper } from './vote-keeper.ts';

/** Steps the round machine; one a core. */
export type RoundStepper = PureStepper<RoundOrder>;
type RoundSnapshot = FlatSnapshot & { readonly value: RoundStep; readonly context: RoundContext };

/** The order to propose, until it is carried out or the step is over. */
export type ProposeOrder = Extract<RoundOrder, { type: 'propose' }>;

export class Height {
  readonly height: number;
  readonly electorate: Electorate;
  /** Own place in the set of this height; −1: not a member, who follows and says nothing. */
  readonly self: number;
  readonly votes: VoteKeeper;
  readonly proposals = new ProposalKeeper();
  readonly pacing: Pacing;
  /** Waits for the beacon of the last height. */
  wanted: ProposeOrder | undefined;
  readonly #stepper: RoundStepper;
  #snapshot: RoundSnapshot;
  /** What the paper does "for the first time", in the current round. */
  readonly fired = new Set<Rule>();
  /** Offences that were told already, with their round, so that each is told once. */
  readonly #named = new Map<string, number>();

  constructor(height: number, started_ms: number, electorate: Electorate, config: CoreConfig, stepper: RoundStepper) {
    this.height = height;
    this.electorate = electorate;
    this.self = indexOf(electorate.validators, config.self);
    this.votes = new VoteKeeper(electorate.validators, electorate.quorum);
    this.pacing = new Pacing(started_ms, config);
    this.#stepper = stepper;
    this.#snapshot = stepper.initial as RoundSnapshot;
  }

  get step(): RoundStep {
    return this.#snapshot.value;
  }

  /** −1 while unstarted. */
  get round(): number {
    return this.state.round;
  }

  get state(): RoundContext['d'] {
    return this.#snapshot.context.d;
  }

  /** The rule that fires next, or undefined at the fixpoint. */
  next(): Complex | undefined {
    return nextComplex(this);
  }

  /** Step the round machine; its orders come back in order. */
  send(event: RoundEvent): readonly RoundOrder[] {
    if (event.type === 'round.started') this.#enter(event.round);
    if (event.type === 'polka.reached' || event.type === 'prevotes.split' || event.type === 'precommits.split')
      this.fired.add(event.type);
    const { snapshot, emitted } = this.#stepper.step(this.#snapshot, event);
    this.#snapshot = snapshot as RoundSnapshot;
    return emitted;
  }

  /** Whether this offence was not told yet. */
  isNews(evidence: Evidence): boolean {
    const { a } = evidence;
    const key = `${evidence.type}/${'type' in a ? a.type : ''}/${a.round}/${a.validator}`;
    if (this.#named.has(key)) return false;
    this.#named.set(key, a.round);
    return true;
  }

  /** Offences that were told and are remembered. */
  get offences(): number {
    return this.#named.size;
  }

  /** Everything that decides what happens next, in an order that does not depend on arrival. */
  summary(): readonly unknown[] {
    const votes = this.votes.all().map((v) => [v.type, v.round, v.validator, v.value, v.valid_round]);
    const rest = [
      this.votes.commit?.value,
      this.votes.quorums(),
      this.wanted,
      [...this.fired].sort(),
      [...this.#named.keys()].sort(),
      this.pacing.summary,
    ];
    return [this.height, this.step, this.state, votes, this.proposals.summary(), ...rest];
  }

  #enter(round: number): void {
    this.fired.clear();
    this.wanted = undefined;
    this.votes.advance(round);
    const isNeeded = (value: string) => value === this.state.valid_value || this.votes.names(value);
    this.proposals.advance(round - MAX_PAST_PROPOSAL_ROUNDS, round, isNeeded);
    for (const [key, old] of this.#named) if (old < round - MAX_PAST_ROUNDS) this.#named.delete(key);
  }
}
