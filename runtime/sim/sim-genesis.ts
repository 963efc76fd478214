// The genesis of a simulated network with work to do: validators, workers of three operators, a shuffler, clients with money.
import type { Genesis } from '#schemas/config/genesis.ts';
import { EPOCH_MS } from './event-queue.ts';
import { twinKey, twinPoint } from './twin-crypto.ts';

/** Accounts and keys by kind; twin keys of one kind are numbered. */
const KIND = {
  validator: 0,
  operator: 1,
  share: 2,
  cosigner: 3,
  worker: 4,
  shuffler: 5,
  client: 6,
  encryption: 7,
} as const;
export const keyOf = (kind: keyof typeof KIND, index: number): string => twinKey(KIND[kind], index);

/** Six workers of three operators: a unit needs a worker and two auditors of other operators. */
export const WORKERS = 6;
const OPERATORS = 3;
export const CLIENTS = 3;
/** Credit of each client, stake of each worker and validator, minor units. */
const CREDIT_UNITS = 1_000_000n;
const STAKE_UNITS = 10_000n;

/** Short deadlines: an hour of a real network in seconds of virtual time. */
const PARAMS = {
  min_block_interval_ms: 10,
  max_block_interval_ms: 500,
  timeout_propose_ms: 400,
  timeout_vote_ms: 200,
  min_fee_units: 1n,
  worker_stake_units: STAKE_UNITS / 2n,
  away_after_ms: 600_000,
  commit_deadline_ms: 4_000,
  reveal_deadline_ms: 4_000,
  stand_in_after_ms: 500,
  open_units_per_worker: 4,
  epoch_heights: 20,
  keygen_phase_heights: 4,
  validator_stake_units: STAKE_UNITS / 10n,
  unbonding_heights: 40,
} as const;

/** By powers: a few thousand sets at most (draw-plan.ts), a few of them in most schedules. */
const made = new Map<string, Genesis>();

/** The genesis over validators with these powers; the same one for the same powers. */
export function simGenesis(powers: readonly number[]): Genesis {
  const name = powers.join();
  const genesis = made.get(name) ?? makeGenesis(powers);
  made.set(name, genesis);
  return genesis;
}

function makeGenesis(powers: readonly number[]): Genesis {
  const workers = Array.from({ length: WORKERS }, (_, i) => keyOf('worker', i));
  const clients = Array.from({ length: CLIENTS }, (_, i) => keyOf('client', i));
  const validators = powers.map((power, i) => ({
    id: keyOf('validator', i),
    operator: keyOf('operator', OPERATORS + i),
    power,
    beacon_shares: Array.from({ length: power }, () => twinPoint(KIND.share, i)),
    cosigner: keyOf('cosigner', i),
    encryption_key: keyOf('encryption', i),
  }));
  const staked = [...workers, ...validators.map(({ id }) => id)];
  const paying = [...clients, ...staked, keyOf('shuffler', 0)];
  return {
    v: 1,
    network: 'simulated',
    time_ms: EPOCH_MS - 1_000,
    params: PARAMS,
    validators,
    beacon_key: twinPoint(KIND.share, powers.length),
    nodes: [
      ...workers.map((id, i) => ({ id, kind: 'worker' as const, operator: keyOf('operator', i % OPERATORS) })),
      { id: keyOf('shuffler', 0), kind: 'shuffler', operator: keyOf('operator', OPERATORS - 1) },
    ],
    balances: [
      ...paying.map((account) => ({ account, asset: 'credit' as const, amount_units: CREDIT_UNITS })),
      ...staked.map((account) => ({ account, asset: 'stake' as const, amount_units: STAKE_UNITS })),
    ],
  };
}
