// Builds the world of one schedule: validators with their powers and twins, links, oracles, the application.
import type { CoreConfig } from '#machines/consensus/types.ts';
import { createPrng } from '#machines/primitives/prng.ts';
import type { ValidatorSet } from '#schemas/consensus/types.ts';
import { createEventQueue } from './event-queue.ts';
import type { Mutation } from './mutations.ts';
import { createNetwork, type Network } from './network.ts';
import { createChainOracle } from './oracles/chain.ts';
import type { Report } from './oracles/violation.ts';
import { createVoteLog } from './oracles/vote-log.ts';
import type { Plan } from './plan.ts';
import { Replica } from './replica.ts';
import { CHAIN_GENESIS, openHashChain } from './sim-application.ts';
import { createTrace } from './trace.ts';
import { twinCrypto, twinKey } from './twin-crypto.ts';
import { EPOCH_MS, type SimEvent, type World } from './world.ts';

const CHAIN = 'c4'.repeat(32);
/** The local profile (design/consensus.md, "Timeouts"). */
const TIMEOUTS = { propose_ms: 400, vote_ms: 200, rebroadcast_ms: 500, cap_ms: 10_000 } as const;
const GENESIS = { height: 0, id: '00'.repeat(32), time_ms: EPOCH_MS - 1_000, state_root: CHAIN_GENESIS } as const;

/** A world where nothing has happened yet. */
export function openWorld(plan: Plan, mutation: Mutation, report: Report): { readonly world: World; readonly network: Network } {
  const prng = createPrng(plan.seed, 2);
  const queue = createEventQueue<SimEvent>();
  const network = createNetwork(plan, prng);
  const isCorrect = (validator: number): boolean => !plan.byzantine.has(validator);
  const replicas: Replica[] = [];
  const world: World = {
    plan,
    mutation,
    queue,
    prng,
    trace: createTrace(),
    votes: createVoteLog(plan.powers, isCorrect, report),
    chain: createChainOracle(plan.powers, report),
    report,
    accused(validator, what) {
      if (isCorrect(validator)) report('evidence_unsound', validator, what);
    },
    replicas,
    base: baseConfig(plan.powers),
    genesis: GENESIS,
    openApp: (store) => openHashChain(store, prng.next),
    send(from, to, message) {
      for (const at_ms of network.arrivals(from.id, to.id, message, queue.now_ms)) {
        queue.push(at_ms, { type: 'message', from: from.id, to: to.id, message });
      }
    },
  };
  const twins = [...plan.byzantine].filter(([, style]) => style === 'twins').map(([validator]) => validator);
  for (const validator of [...plan.powers.keys(), ...twins]) replicas.push(new Replica(world, replicas.length, validator));
  return { world, network };
}

function baseConfig(powers: readonly number[]): Omit<CoreConfig, 'self' | 'tip' | 'app'> {
  return {
    chain: CHAIN,
    validators: validatorSet(powers),
    timeouts: TIMEOUTS,
    min_block_interval_ms: 10,
    max_block_interval_ms: 5_000,
    beacon_required: false,
    crypto: twinCrypto,
  };
}

const validatorSet = (powers: readonly number[]): ValidatorSet =>
  powers.map((power, i) => ({
    id: twinKey(0, i),
    operator: twinKey(1, i),
    power,
    beacon_share: twinKey(2, i),
    cosigner: twinKey(3, i),
  }));
