// A small network around a real ledger: keys, a beacon and honest nodes, one block at a time; every step can be bent by a test.
import { hash } from 'node:crypto';
import { present } from '#machines/primitives/assert.ts';
import type { LedgerCrypto } from '#machines/settlement/books.ts';
import { createLedger, type Ledger, type LedgerBlock, openLedger } from '#machines/settlement/ledger.ts';
import { operatorSignBytes } from '#machines/settlement/nodes.ts';
import type { BlockResult } from '#machines/settlement/types.ts';
import { twinDealings } from '#runtime/sim/twin-dealings.ts';
import { Genesis } from '#schemas/config/genesis.ts';
import type { LedgerEvent } from '#schemas/settlement/state.ts';
import type { Tx, TxBody } from '#schemas/settlement/transaction.ts';
import { u128 } from '#schemas/wire/fields.ts';
import { STATE_CHECKPOINT_MS } from '#schemas/wire/limits.ts';
import { heartbeatSignBytes } from '#schemas/work/heartbeat.ts';

export const sha256 = (data: Uint8Array): Uint8Array<ArrayBuffer> => hash('sha256', data, 'buffer');
/** A name as an id. */
export const id = (name: string): string => Buffer.from(sha256(Buffer.from(name))).toString('hex');
export const CHAIN = id('chain');

/** A signature twin: anyone can forge it, but not by mistake. */
export const sign = (key: string, message: Uint8Array): Uint8Array => {
  const half = sha256(Buffer.concat([Buffer.from(key, 'hex'), message]));
  return Buffer.concat([half, half]);
};
export const twinCrypto: LedgerCrypto = {
  sha256,
  verify: (key, message, signature) => Buffer.compare(sign(key, message), signature) === 0,
  dealings: twinDealings,
};

export const CLIENT = id('client');
export const SHUFFLER = id('shuffler');
export const ARCHIVER = id('archiver');
export const VALIDATORS = ['v0', 'v1', 'v2', 'v3'].map(id);
/** Six workers of three operators. */
export const WORKERS = ['w0', 'w1', 'w2', 'w3', 'w4', 'w5'].map(id);
export const OPERATORS = ['alpha', 'beta', 'gamma'].map(id);
export const START_MS = 1_795_000_000_000;

const params = {
  min_block_interval_ms: 20,
  max_block_interval_ms: 5_000,
  timeout_propose_ms: 400,
  timeout_vote_ms: 200,
  min_fee_units: '1',
  worker_stake_units: '1000',
  away_after_ms: 30_000,
  commit_deadline_ms: 10_000,
  reveal_deadline_ms: 30_000,
  stand_in_after_ms: 2_000,
  open_units_per_worker: 2,
  epoch_heights: 1_000_000,
  keygen_phase_heights: 3,
  validator_stake_units: '1000',
  unbonding_heights: 50,
};

export type WorldOptions = {
  readonly workers?: readonly string[];
  readonly params?: Partial<typeof params>;
  /** Power of each validator. */
  readonly powers?: readonly number[];
  /** Without the first key, as a network that no dealer has begun. */
  readonly has_key?: boolean;
  /** Who has stake and may want to be a validator. */
  readonly candidates?: readonly string[];
};

/** The beacon key of the test world, and the public share of each of its seats: see the twin of dealings. */
const BEACON_KEY = 'be'.repeat(48);

export function genesisOf(options: WorldOptions = {}): Genesis {
  const { workers = WORKERS, params: changed = {}, powers = [1, 1, 1, 1], has_key = true, candidates = [] } = options;
  const validators = powers.map((_, i) => VALIDATORS[i] ?? id(`v${i}`));
  const staked = [...validators, ...workers, ...candidates];
  const everybody = [CLIENT, SHUFFLER, ARCHIVER, ...staked];
  return Genesis.parse({
    v: 1,
    network: 'test',
    time_ms: START_MS,
    params: { ...params, ...changed },
    validators: validators.map((v, i) => ({
      id: v,
      operator: id(`${v} operator`),
      power: powers[i],
      beacon_shares: has_key ? Array.from({ length: powers[i] ?? 0 }, () => BEACON_KEY) : [],
      cosigner: v,
      encryption_key: id(`${v} encryption`),
    })),
    beacon_key: has_key ? BEACON_KEY : null,
    nodes: [
      ...workers.map((worker, i) => ({
        id: worker,
        kind: 'worker',
        operator: present(OPERATORS[i % 3], 'three operators'),
      })),
      { id: SHUFFLER, kind: 'shuffler', operator: id('lottery') },
      { id: ARCHIVER, kind: 'archiver', operator: id('library') },
    ],
    balances: [
      ...everybody.map((account) => ({ account, asset: 'credit', amount_units: '1000000' })),
      ...staked.map((account) => ({ account, asset: 'stake', amount_units: '10000' })),
    ],
  });
}

/** Result of a sub-unit: the honest one, unless `lie` says otherwise. */
export const resultOf = (unit: string, index: number, lie = ''): Uint8Array => {
  const half = sha256(Buffer.from(`${unit}#${index}${lie}`));
  return Buffer.concat([half, half]);
};

/** The ledger of the rows of a checkpoint, or of the genesis where there are none, after the blocks above it. */
export function reopened(
  genesis: Genesis,
  rows: ReadonlyMap<string, Uint8Array>,
  blocks: readonly LedgerBlock[],
): Ledger {
  const ledger =
    rows.size === 0 ? createLedger(genesis, CHAIN, twinCrypto) : openLedger(genesis, CHAIN, twinCrypto, rows);
  for (const block of blocks.slice(ledger.height())) ledger.executeBlock(block);
  return ledger;
}

/** The chain as one honest validator executes it; blocks are kept so that they can be replayed. */
export class World {
  ledger: Ledger;
  readonly genesis: Genesis;
  readonly rows = new Map<string, Uint8Array>();
  readonly blocks: LedgerBlock[] = [];
  readonly results: BlockResult[] = [];
  time_ms = START_MS;
  /** Bodies for the next block, by account. */
  readonly #queue: Tx[] = [];
  readonly #nonces = new Map<string, number>();

  constructor(options: WorldOptions = {}) {
    this.genesis = genesisOf(options);
    this.ledger = createLedger(this.genesis, CHAIN, twinCrypto);
  }

  /** A transaction of `account` with its next nonce; `bend` changes it before it is queued. */
  send(account: string, body: TxBody, bend: Partial<Tx> = {}): Tx {
    const nonce = this.#nonces.get(account) ?? this.ledger.nextNonce(account);
    const expiry_height = this.ledger.height() + 100;
    const tx: Tx = { v: 1, chain: CHAIN, account, nonce, expiry_height, fee_units: 1n, body, ...bend };
    this.#nonces.set(account, tx.nonce + 1);
    this.#queue.push(tx);
    return tx;
  }

  /** The beacon of a height: unpredictable enough for a test. */
  beacon(height: number): { height: number; signature: Uint8Array } | null {
    return height < 1 ? null : { height, signature: Buffer.from(`beacon ${height}`) };
  }

  /** Execute what was sent, `after_ms` of block time later. */
  block(after_ms = 100): BlockResult {
    this.time_ms += after_ms;
    const height = this.ledger.height() + 1;
    const txs = this.#queue.splice(0);
    this.#nonces.clear();
    const block = { height, time_ms: this.time_ms, beacon: this.beacon(height - 1), txs };
    const result = this.ledger.executeBlock(block);
    this.blocks.push(block);
    this.results.push(result);
    for (const { key, value } of result.changes) {
      if (value === null) this.rows.delete(key);
      else this.rows.set(key, Uint8Array.from(value));
    }
    return result;
  }

  /** Send one transaction alone in a block and say what became of it. */
  outcome(account: string, body: TxBody, bend: Partial<Tx> = {}): string | null {
    this.send(account, body, bend);
    return this.block().outcomes[0] ?? null;
  }

  /** Let time pass until the state is named anew. */
  checkpoint(): void {
    while (this.block(STATE_CHECKPOINT_MS).changes.length === 0);
  }

  /** Forget the ledger and open it as after a restart: from its rows, with the blocks since executed again. */
  restart(): void {
    this.ledger = reopened(this.genesis, this.rows, this.blocks);
  }

  /** All workers say that they are there. */
  heartbeats(workers: readonly string[] = WORKERS): void {
    const at_ms = this.time_ms;
    const heartbeats = workers.map((worker) => ({
      worker,
      at_ms,
      signature: sign(worker, heartbeatSignBytes(CHAIN, worker, at_ms)),
    }));
    this.send(SHUFFLER, { type: 'availability', heartbeats });
  }

  submitJob(units: number, reward = 100n, key = 'job', account = CLIENT): void {
    this.send(account, {
      type: 'job.submit',
      idempotency_key: key,
      kernel: 'noop/v1',
      start: u128(0n),
      unit_log2: 10,
      units,
      reward_per_unit_units: reward,
    });
  }

  /** The shuffler sends every draw that is possible. */
  draw(): void {
    const draws = this.ledger.pendingDraws();
    if (draws.length > 0) this.send(SHUFFLER, { type: 'draw', draws: [...draws] });
  }

  register(node: string, operator: string, kind: 'worker' | 'client' = 'worker'): TxBody {
    return { type: 'node.register', kind, operator, operator_signature: sign(operator, operatorSignBytes(node)) };
  }

  events<T extends LedgerEvent['type']>(type: T): Extract<LedgerEvent, { type: T }>[] {
    return this.results
      .flatMap(({ events }) => events)
      .filter((e): e is Extract<LedgerEvent, { type: T }> => e.type === type);
  }
}
