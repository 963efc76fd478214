// Speed of the consensus core alone: heights a second of a whole set in one process, cheap signatures, no disk, no network.
import { createHash } from 'node:crypto';
import { type Core, createCore } from '#machines/consensus/core.ts';
import type { Application, CoreEffect, Crypto, Input } from '#machines/consensus/types.ts';
import type { Membership } from '#schemas/consensus/types.ts';

const SIGNATURE = new Uint8Array(64);
const cheap: Crypto = {
  sha256: (data) => createHash('sha256').update(data).digest(),
  verify: () => true,
  verifyBeacon: () => true,
};
const ROOT = '0'.repeat(64);
const idle: Omit<Application, 'membership'> = {
  prepare: () => [],
  validate: () => true,
  execute: () => ({ state_root: ROOT }),
  hasWork: () => true,
};

/** Heights a second that `validators` cores decide together on this thread. */
export function coreHeightsPerSecond(validators: number, heights: number): number {
  const set = setOf(validators);
  const cores = set.validators.map(({ id }) => coreOf(set, id));
  const queue: { readonly to: number; readonly input: Input }[] = [];
  const start_ms = performance.now();
  cores.forEach((core, self) => carryOut(core, self, core.step({ type: 'started', now_ms: 1 })));
  for (let i = 0; i < queue.length; i++) {
    const { to, input } = queue[i] as (typeof queue)[number];
    const core = cores[to] as Core;
    if (core.tip.height < heights) carryOut(core, to, core.step(input));
  }
  return heights / ((performance.now() - start_ms) / 1_000);

  function carryOut(core: Core, self: number, effects: readonly CoreEffect[]): void {
    for (const effect of effects) {
      const input = wordOf(effect);
      if (input === undefined) continue;
      carryOut(core, self, core.step(input));
      for (let to = 0; to < validators; to++) if (to !== self) queue.push({ to, input });
    }
  }
}

/** A millisecond goes by at each height: block time rises, and may not run ahead of the clock. */
function wordOf(effect: CoreEffect): Input | undefined {
  if (effect.type === 'vote')
    return { type: 'vote.received', vote: { ...effect.vote, signature: SIGNATURE }, now_ms: effect.vote.height };
  if (effect.type !== 'propose') return undefined;
  return {
    type: 'proposal.received',
    proposal: { ...effect.proposal, signature: SIGNATURE },
    block: effect.block,
    now_ms: effect.proposal.height,
  };
}

const setOf = (count: number): Membership => {
  const validators = Array.from({ length: count }, (_, i) => {
    const id = createHash('sha256').update(`validator ${i}`).digest('hex');
    return { id, operator: id, power: 1, beacon_shares: [], cosigner: id, encryption_key: id };
  });
  return { epoch: 0, first_height: 1, validators, beacon_key: null, proposer_seed: ROOT };
};

const coreOf = (set: Membership, self: string): Core =>
  createCore({
    chain: ROOT,
    self,
    tip: { height: 0, id: ROOT, time_ms: 0, state_root: ROOT },
    timeouts: { propose_ms: 400, vote_ms: 200, rebroadcast_ms: 500, cap_ms: 10_000 },
    min_block_interval_ms: 0,
    max_block_interval_ms: 5_000,
    crypto: cheap,
    app: { ...idle, membership: () => set },
  });
