// The memory of a running validator process: all of it is lost in a crash, and made again from the disk as the runtime does.
import { type Core, createCore, SOUND_PARTS } from '#machines/consensus/core.ts';
import type { CoreEffect } from '#machines/consensus/types.ts';
import { POSITION_NONCE_BYTES } from '#schemas/consensus/position.ts';
import { readLowest, readTip } from '../consensus/block-store.ts';
import { openLog } from '../consensus/log.ts';
import { Observer } from '../consensus/observer.ts';
import { OwnWords } from '../consensus/own-words.ts';
import { birthOp, isInLog, MonotonicSigner, readSignerRecord } from '../consensus/signer.ts';
import { readDecided } from '../consensus/testimony-store.ts';
import type { TurnState } from '../consensus/turn.ts';
import { claimStore } from '../keys/claim-store.ts';
import type { Signer } from '../keys/ed25519.ts';
import type { Disk } from './disk.ts';
import { isCorrect, partBytes } from './plan.ts';
import type { SimApplication } from './sim-application.ts';
import { keyOf } from './sim-genesis.ts';
import { twinCrypto } from './twin-crypto.ts';
import { watchedCore } from './watched-core.ts';
import type { World } from './world.ts';

export type Process = {
  /** What the production turn works with. */
  readonly state: TurnState;
  readonly key: Signer;
  readonly app: SimApplication;
  /** Armed timers by id: local time at which each fires, ms. */
  readonly timers: Map<string, number>;
  /** Key ids of the validators whose shares of a height's beacon are here. */
  readonly shares: Map<number, Set<string>>;
  /** Whether the log of the open height was empty: then the core is to be started. */
  readonly isFresh: boolean;
};

/**
 * Start the program over this disk: go on from the last final block, replay the log of the open height.
 *
 * @throws ConsensusError LOG_CORRUPT
 */
export async function openProcess(world: World, { store, note }: Disk, validator: number): Promise<Process> {
  const isFirstStart = await claimStore(store, note);
  const tip = (await readTip(store)) ?? world.genesis;
  if (isFirstStart && (await readSignerRecord(store)) === undefined) await store.batch([birthOp()]);
  const record = await readSignerRecord(store);
  const { inputs, log } = await openLog(store, tip.height + 1);
  const app = await world.openApp(store);
  const { chain } = world.base;
  const self = keyOf('validator', validator);
  const parts = { ...(world.mutation.parts ?? SOUND_PARTS), part_bytes: partBytes(world.plan) };
  const decided = await readDecided(store, tip.height);
  const lowest_height = await readLowest(store);
  const made = createCore({ ...world.base, self, tip, decided, app, lowest_height }, parts);
  const core = watchedCore(made, isCorrect(world.plan, validator) ? world.sees : () => undefined, (round) =>
    world.entered(round),
  );
  const own = new OwnWords();
  for (const input of inputs) own.remember(input, core.self);
  const key: Signer = { id: self, sign: (bytes) => twinCrypto.sign(self, bytes) };
  const replayed = world.mutation.forgetsLog ? [] : inputs;
  return {
    state: {
      chain,
      self,
      core,
      signer: new MonotonicSigner(key.sign, record),
      log,
      own,
      observer: record === undefined ? asking(world, self, core) : Observer.after(record, tip, isInLog(inputs, record)),
      commitOps: () => app.commitOps(),
    },
    key,
    app,
    timers: new Map(
      core
        .restore(replayed)
        .filter(isTimer)
        .map(({ id: timer, at_ms }) => [timer, at_ms]),
    ),
    shares: new Map(),
    isFresh: replayed.length === 0,
  };
}

/** It has forgotten what it said: others must tell it where they are. */
function asking({ prng }: World, self: string, core: Core): Observer {
  const nonce = Uint8Array.from({ length: POSITION_NONCE_BYTES }, () => prng.below(256));
  return Observer.asking({ nonce, self, electorate: (height, epoch) => core.electorate(height, epoch) });
}

const isTimer = (effect: CoreEffect): effect is Extract<CoreEffect, { type: 'timer.set' }> =>
  effect.type === 'timer.set';
