// What the parts of a validator core share, and the few ways in which they speak.
import type { CommitConflict } from '#schemas/consensus/types.ts';
import type { Code } from '#schemas/wire/codes.ts';
import { pureStepper } from '../primitives/pure-stepper.ts';
import { quorum } from '../primitives/quorum.ts';
import { BlockCutter } from './block-parts.ts';
import { type ChainRules, validatorsHash } from './block-rules.ts';
import { CatchUp } from './catch-up.ts';
import { type Electorate, totalPower } from './certificate-rules.ts';
import { Height, type RoundStepper } from './height.ts';
import { RangeSync } from './range-sync.ts';
import { roundMachine } from './round.machine.ts';
import { Timers } from './timers.ts';
import type { CoreConfig, CoreEffect, Input, Tip } from './types.ts';

/** The set is fixed until set changes come. */
export const EPOCH = 0;

/** Whose votes make a block of this chain final. */
export const electorateOf = (
  { chain, validators, crypto }: Pick<Electorate, 'chain' | 'validators' | 'crypto'>,
  quorumOf = quorum,
): Electorate => ({ chain, epoch: EPOCH, validators, crypto, quorum: quorumOf(totalPower(validators)) });

/** Parts that a test may replace to plant a bug. The stepper is stateless between steps: all cores of a process share one. */
export type CoreParts = {
  readonly stepper: RoundStepper;
  readonly quorum: (total: number) => number;
  /** BLOCK_PART_BYTES, if absent: simulated bodies are smaller than that. */
  readonly part_bytes?: number | undefined;
};

/** The round machine as it is. */
export const roundStepper: RoundStepper = pureStepper(roundMachine);

/** Hash of the latest set: the cores of a process mostly share it. */
let latest: { readonly config: Pick<CoreConfig, 'validators' | 'crypto'>; readonly hash: string } | undefined;

function setHash(config: CoreConfig): string {
  const { validators, crypto } = config;
  if (latest?.config.validators !== validators || latest.config.crypto !== crypto)
    latest = { config: { validators, crypto }, hash: validatorsHash(config) };
  return latest.hash;
}

export class CoreState {
  readonly config: CoreConfig;
  readonly electorate: Electorate;
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
    this.config = config;
    this.electorate = electorateOf(config, parts.quorum);
    this.cutter = new BlockCutter(config.crypto, parts.part_bytes);
    this.rules = { config, epoch: EPOCH, validators_hash: setHash(config), cutter: this.cutter };
    this.catchUp = new CatchUp(config.self, config.validators);
    this.ranges = new RangeSync(this.catchUp);
    this.#stepper = parts.stepper;
    this.tip = config.tip;
    this.at = this.nextHeight(config.tip.time_ms);
  }

  /** The height after the tip, with nothing known about it. */
  nextHeight(started_ms: number): Height {
    return new Height(this.tip.height + 1, started_ms, this.electorate, this.config, this.#stepper);
  }

  emit(effect: CoreEffect): void {
    this.out.push(effect);
  }

  /** The input changed this state: a replay needs it. */
  record(input: Input): void {
    if (!this.isReplaying) this.emit({ type: 'record', input });
  }

  refuse(from: number, code: Code): void {
    this.emit({ type: 'refused', from, code });
  }

  halt(code: Code, detail: string, conflict?: CommitConflict): void {
    this.isHalted = true;
    this.emit({ type: 'halt', code, detail, ...(conflict && { conflict }) });
  }
}
