// The memory of a running validator process: all of it is lost in a crash, and made again from the disk.
import { type Core, createCore } from '#machines/consensus/core.ts';
import type { SimApplication } from './chain-app.ts';
import type { Disk } from './disk.ts';
import { createOwnWords, type OwnWords, ownMessage } from './own-words.ts';
import { createSimSigner, type SimSigner } from './sim-signer.ts';
import type { World } from './world.ts';

export type Process = {
  readonly core: Core;
  readonly app: SimApplication;
  readonly signer: SimSigner;
  readonly own: OwnWords;
  /** Armed timers by id: local time at which each fires, ms. */
  readonly timers: Map<string, number>;
  /** Validators whose beacon share is here, by height. */
  readonly shares: Map<number, Set<number>>;
};

/** Start the program over this disk: the core goes on from the last final block, then replays the log of the open height. */
export function openProcess(world: World, disk: Disk, replica: number, validator: number): Process {
  const app = world.openApp(disk.app, replica);
  const core = createCore({ ...world.base, self: validator, tip: disk.tip, app }, world.mutation.parts);
  const process = {
    core,
    app,
    signer: createSimSigner(world, validator, disk.signed),
    own: createOwnWords(),
    timers: new Map<string, number>(),
    shares: new Map<number, Set<number>>(),
  };
  for (const effect of core.restore(disk.inputs)) {
    if (effect.type === 'timer.set') process.timers.set(effect.id, effect.at_ms);
  }
  for (const input of disk.inputs) {
    const said = ownMessage(input, validator);
    if (said !== null) process.own.add(said);
  }
  return process;
}
