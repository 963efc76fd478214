// The memory of a running validator process: all of it is lost in a crash, and made again from the disk as the runtime does.
import { createCore, SOUND_PARTS } from '#machines/consensus/core.ts';
import type { CoreEffect } from '#machines/consensus/types.ts';
import { readTip } from '../consensus/block-store.ts';
import { openLog } from '../consensus/log.ts';
import { Observer } from '../consensus/observer.ts';
import { OwnWords } from '../consensus/own-words.ts';
import { MonotonicSigner, readSignerRecord } from '../consensus/signer.ts';
import type { TurnState } from '../consensus/turn.ts';
import type { Disk } from './disk.ts';
import { isCorrect, partBytes } from './plan.ts';
import type { SimApplication } from './sim-application.ts';
import { twinCrypto } from './twin-crypto.ts';
import { watchedCore } from './watched-core.ts';
import type { World } from './world.ts';

export type Process = {
  /** What the production turn works with. */
  readonly state: TurnState;
  readonly app: SimApplication;
  /** Armed timers by id: local time at which each fires, ms. */
  readonly timers: Map<string, number>;
  /** Validators whose share of a height's beacon is here. */
  readonly shares: Map<number, Set<number>>;
  /** Whether the log of the open height was empty: then the core is to be started. */
  readonly isFresh: boolean;
};

/** Start the program over this disk: go on from the last final block, replay the log of the open height. */
export async function openProcess(world: World, { store }: Disk, validator: number): Promise<Process> {
  const tip = (await readTip(store)) ?? world.genesis;
  const record = await readSignerRecord(store);
  const { inputs, log } = await openLog(store, tip.height + 1);
  const app = await world.openApp(store);
  const { chain, validators } = world.base;
  const parts = { ...(world.mutation.parts ?? SOUND_PARTS), part_bytes: partBytes(world.plan) };
  const made = createCore({ ...world.base, self: validator, tip, app }, parts);
  const core = isCorrect(world.plan, validator) ? watchedCore(made, world.sees) : made;
  const own = new OwnWords();
  for (const input of inputs) own.remember(input, validator);
  const signer = new MonotonicSigner((bytes) => twinCrypto.sign(validators[validator]?.id ?? '', bytes), record);
  const replayed = world.mutation.forgetsLog ? [] : inputs;
  return {
    state: {
      chain,
      self: validator,
      core,
      signer,
      log,
      own,
      // No disk is lost here: without a record it never spoke.
      observer: record === undefined ? Observer.through(0) : Observer.after(record, tip, inputs.length > 0),
      commitOps: () => app.commitOps(),
    },
    app,
    timers: new Map(
      core
        .restore(replayed)
        .filter(isTimer)
        .map(({ id, at_ms }) => [id, at_ms]),
    ),
    shares: new Map(),
    isFresh: replayed.length === 0,
  };
}

const isTimer = (effect: CoreEffect): effect is Extract<CoreEffect, { type: 'timer.set' }> =>
  effect.type === 'timer.set';
