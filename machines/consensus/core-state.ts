// What the parts of a validator core share, and the few ways in which they speak.
import type { CommitConflict } from '#schemas/consensus/types.ts';
import type { Code } from '#schemas/wire/codes.ts';
import { pureStepper } from '../primitives/pure-stepper.ts';
import { BlockCutter } from './block-parts.ts';
import type { ChainRules } from './block-rules.ts';
import { CatchUp } from './catch-up.ts';
import { Electorates, electorateOf } from './electorate.ts';
import { Height, type RoundStepper } from './height.ts';
import { RangeSync } from './range-sync.ts';
import { roundMachine } from './round.machine.ts';
import { Timers } from './timers.ts';
import type { CoreConfig, CoreEffect, Input, Tip } from './types.ts';

/** Parts that a test may replace to plant a bug. The stepper is stateless between steps: all cores of a process share one. */
export type CoreParts = {
  readonly stepper: RoundStepper;
  readonly quorum: (total: number) => number;
  /** BLOCK_PART_BYTES, if absent: simulated bodies are smaller than that. */
  readonly part_bytes?: number | undefined;
};

/** The round machine as it is. */
export const roundStepper: RoundStepper = pureStepper(roundMachine);

export class CoreState {
  readonly config: CoreConfig;
  /** Whose votes count: of the tip and the two heights after it. */
  readonly electorates: Electorates;
  readonly rules: ChainRules;
  readonly cutter: BlockCutter;
  readonly catchUp: CatchUp;
  readonly ranges: RangeSync;
  readonly timers = new Timers((effect) => this.emit(effect));
  readonly #stepper: RoundStepper;
  /** The last decided height. */
  tip: Tip;
  /** The height that is being worked on. */
  at: Height;
  /** Effects of the current step. */
  out: CoreEffect[] = [];
  isReplaying = false;
  isHalted = false;

  constructor(config: CoreConfig, parts: CoreParts) {
    const { chain, crypto, app, tip } = config;
    this.config = config;
    this.electorates = new Electorates(
      tip.height,
      (height) => app.membership(height),
      (membership) => electorateOf(chain, membership, crypto, parts.quorum),
    );
    this.cutter = new BlockCutter(crypto, parts.part_bytes);
    this.rules = { config, electorates: this.electorates, cutter: this.cutter };
    this.catchUp = new CatchUp(config.self);
    this.ranges = new RangeSync(this.catchUp);
    this.#stepper = parts.stepper;
    this.tip = config.tip;
    this.at = this.nextHeight(config.tip.time_ms);
  }

  /** The height after the tip, with nothing known about it. */
  nextHeight(started_ms: number): Height {
    const height = this.tip.height + 1;
    return new Height(height, started_ms, this.electorates.at(height), this.config, this.#stepper);
  }

  emit(effect: CoreEffect): void {
    this.out.push(effect);
  }

  /** The input changed this state: a replay needs it. */
  record(input: Input): void {
    if (!this.isReplaying) this.emit({ type: 'record', input });
  }

  refuse(code: Code): void {
    this.emit({ type: 'refused', code });
  }

  halt(code: Code, detail: string, conflict?: CommitConflict): void {
    this.isHalted = true;
    this.emit({ type: 'halt', code, detail, ...(conflict && { conflict }) });
  }
}
