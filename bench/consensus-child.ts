// One validator of the consensus bench in a process of its own: real bus, real disk, an application that only hashes.
import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { connectBus } from '#runtime/bus/jetstream-bus.ts';
import { startValidator } from '#runtime/consensus/validator.ts';
import type { ValidatorApp } from '#runtime/consensus/validator-options.ts';
import { signer } from '#runtime/keys/ed25519.ts';
import { createLog } from '#runtime/observe/log.ts';
import { createMetrics } from '#runtime/observe/metrics.ts';
import { openRocksStore } from '#runtime/store/rocks-store.ts';
import type { Membership } from '#schemas/consensus/types.ts';
import { nextRoot } from './hash-root.ts';

/** What the parent sends first. */
export type ChildPlan = {
  readonly self: number;
  readonly seed: string;
  readonly dir: string;
  readonly url: string;
  readonly chain: string;
  readonly membership: Membership;
  readonly secret_shares: readonly string[];
  readonly is_first_start: boolean;
};
/** What the child tells: it is up; a block with a transaction of its pool is final and synced; its memory, processor time and traffic so far. */
export type ChildReport =
  | { readonly type: 'ready' }
  | {
      readonly type: 'final';
      readonly height: number;
      readonly round: number;
      readonly state_root: string;
      readonly finality_ms: readonly number[];
    }
  | { readonly type: 'usage'; readonly rss_mb: number; readonly cpu_ms: number; readonly traffic_bytes: number };

const keyOf = (tx: Uint8Array): string => Buffer.from(tx).toString('base64');
const report = (message: ChildReport): void => void process.send?.(message);

/** Transactions by the time of their arrival; the state is the hash of all that was executed. */
class TimedApp implements ValidatorApp {
  readonly #arrived = new Map<string, { readonly tx: Uint8Array; readonly at_ms: number }>();
  #root: string;
  #executed: number[] = [];
  readonly #done = new Set<string>();
  readonly #membership: Membership;

  constructor(membership: Membership, root: Uint8Array | undefined) {
    this.#membership = membership;
    this.#root = root === undefined ? '0'.repeat(64) : Buffer.from(root).toString('hex');
  }

  submit(tx: Uint8Array): boolean {
    const key = keyOf(tx);
    if (this.#done.has(key)) return false;
    this.#arrived.set(key, { tx, at_ms: performance.now() });
    return true;
  }
  prepare(): Uint8Array[] {
    return [...this.#arrived.values()].map(({ tx }) => tx);
  }
  validate(): boolean {
    return true;
  }
  membership(): Membership {
    return this.#membership;
  }
  hasWork(): boolean {
    return this.#arrived.size > 0;
  }
  execute(_header: unknown, txs: readonly Uint8Array[]): { state_root: string } {
    for (const tx of txs) this.#finish(keyOf(tx));
    this.#root = nextRoot(this.#root, txs);
    return { state_root: this.#root };
  }
  commitOps() {
    return [{ type: 'put' as const, key: 'app/root', value: Buffer.from(this.#root, 'hex') }];
  }
  /** Arrival times of what was executed since the last call. */
  takeExecuted(): number[] {
    return this.#executed.splice(0);
  }
  /** A block may overtake the transaction on its way here: then it is final when it comes. */
  #finish(key: string): void {
    this.#executed.push(this.#arrived.get(key)?.at_ms ?? performance.now());
    this.#arrived.delete(key);
    this.#done.add(key);
  }
}

async function run(plan: ChildPlan): Promise<void> {
  const key = signer(Buffer.from(plan.seed, 'hex'));
  const store = await openRocksStore(plan.dir);
  const app = new TimedApp(plan.membership, await store.get('app/root'));
  const bus = await connectBus({ url: plan.url, signer: key, onRefused: fail });
  await startValidator({
    config: {
      chain: plan.chain,
      self: key.id,
      timeouts: { propose_ms: 400, vote_ms: 200, rebroadcast_ms: 500, cap_ms: 10_000 },
      min_block_interval_ms: 0,
      max_block_interval_ms: 5_000,
    },
    genesis: { height: 0, id: '0'.repeat(64), time_ms: 0, state_root: '0'.repeat(64) },
    key,
    secrets: () => plan.secret_shares,
    is_first_start: plan.is_first_start,
    store,
    bus,
    app,
    clock: { now_ms: () => Date.now(), setTimer: (delay_ms, fire) => cancelable(setTimeout(fire, delay_ms)) },
    log: createLog(`validator ${plan.self}`, 'warn'),
    metrics: createMetrics(),
    onFinal: ({ height, round, state_root }) => {
      const now_ms = performance.now();
      report({
        type: 'final',
        height,
        round,
        state_root,
        finality_ms: app.takeExecuted().map((at_ms) => now_ms - at_ms),
      });
    },
    onEvidence: () => fail(new Error('a validator of the bench contradicted itself')),
    keepConflict: async () => undefined,
    onHalt: (code, detail) => fail(new Error(`${code}: ${detail}`)),
  });
  report({ type: 'ready' });
}

const sockets: Socket[] = [];
subscribe('net.client.socket', (message) => void sockets.push((message as { readonly socket: Socket }).socket));

/** Sent and received over TCP, all that NATS adds included. */
const traffic_bytes = (): number =>
  sockets.reduce((sum, { bytesRead, bytesWritten }) => sum + bytesRead + bytesWritten, 0);

/** Processor time of this process on all its threads, ms. */
function cpu_ms(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

const cancelable = (timer: NodeJS.Timeout) => () => clearTimeout(timer);

function fail(error: Error): never {
  throw error;
}

process.once('message', (plan) => void run(plan as ChildPlan));
process.on('message', (message) => {
  if (message !== 'usage') return;
  report({
    type: 'usage',
    rss_mb: process.memoryUsage.rss() / 1_048_576,
    cpu_ms: cpu_ms(),
    traffic_bytes: traffic_bytes(),
  });
});
process.once('disconnect', () => process.exit(0));
