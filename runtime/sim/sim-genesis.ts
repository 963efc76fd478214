// The genesis of a simulated network with work to do: validators, workers of three operators, a shuffler, clients with money.
import type { Genesis } from '#schemas/config/genesis.ts';
import { EPOCH_MS } from './event-queue.ts';
import { foundersOf, type Plan } from './plan.ts';
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

/** Every message names its sender: made once each. */
const keys = new Map<number, string>();
/** Kinds have fewer keys than that. */
const KEYS_PER_KIND = 1_024;

export function keyOf(kind: keyof typeof KIND, index: number): string {
  const place = KIND[kind] * KEYS_PER_KIND + index;
  const key = keys.get(place) ?? twinKey(KIND[kind], index);
  keys.set(place, key);
  return key;
}

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

/** Epochs of a few heights, so that a schedule gets through some of them; blocks come often without work, and wait for some words. */
const EPOCH_PARAMS = {
  ...PARAMS,
  min_block_interval_ms: 25,
  max_block_interval_ms: 80,
  epoch_heights: 2,
  keygen_phase_heights: 2,
  unbonding_heights: 10,
} as const;

/** By powers: a few thousand sets at most (draw-plan.ts), a few of them in most schedules. */
const made = new Map<string, Genesis>();

/** The genesis of a schedule; the same one for the same validators. */
export function simGenesis(plan: Plan): Genesis {
  const { kind, powers, founders } = plan;
  const name = `${kind}/${powers.join()}/${founders}/${hasFirstKey(plan)}`;
  const genesis = made.get(name) ?? makeGenesis(plan);
  made.set(name, genesis);
  return genesis;
}

/** In one of four schedules with short epochs the first set has to make the beacon's key before anybody can join it. */
const hasFirstKey = ({ kind, seed }: Plan): boolean => kind !== 'epochs' || seed % 4 !== 1;

/** What a validator has to show of itself, in the genesis or when it asks to join. */
export const candidateOf = (node: number) => ({
  id: keyOf('validator', node),
  operator: keyOf('operator', OPERATORS + node),
  cosigner: keyOf('cosigner', node),
  encryption_key: keyOf('encryption', node),
});

/** In the twin world the public share of each seat is the group key itself (twin-dealings.ts). */
const GROUP_KEY = twinPoint(KIND.share, 0);

function makeGenesis(plan: Plan): Genesis {
  const workers = Array.from({ length: WORKERS }, (_, i) => keyOf('worker', i));
  const clients = Array.from({ length: CLIENTS }, (_, i) => keyOf('client', i));
  const beacon_key = hasFirstKey(plan) ? GROUP_KEY : null;
  const validators = foundersOf(plan).map((power, node) => ({
    ...candidateOf(node),
    power,
    beacon_shares: beacon_key === null ? [] : Array.from({ length: power }, () => beacon_key),
  }));
  const staked = [...workers, ...plan.powers.map((_, node) => keyOf('validator', node))];
  const paying = [...clients, ...staked, keyOf('shuffler', 0)];
  return {
    v: 1,
    network: 'simulated',
    time_ms: EPOCH_MS - 1_000,
    params: plan.kind === 'epochs' ? EPOCH_PARAMS : PARAMS,
    validators,
    beacon_key,
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
