// Measures consensus: validators as processes over a real broker, with beacon and synced log; and the core alone.
import { type ChildProcess, fork } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { proposerOf } from '#machines/consensus/proposer.ts';
import { quorum } from '#machines/primitives/quorum.ts';
import { startBroker } from '#runtime/broker/broker.ts';
import type { Bus } from '#runtime/bus/bus.ts';
import { connectBus } from '#runtime/bus/jetstream-bus.ts';
import { provisionStreams } from '#runtime/bus/provision.ts';
import { dealShares } from '#runtime/consensus/beacon-dealer.ts';
import { signer } from '#runtime/keys/ed25519.ts';
import { subject } from '#schemas/wire/subjects.ts';
import type { ChildPlan, ChildReport } from './consensus-child.ts';
import { coreHeightsPerSecond } from './consensus-core.ts';

export type Metrics = Record<string, { readonly value: number; readonly unit: string }>;

const CHILD = fileURLToPath(new URL('./consensus-child.ts', import.meta.url));
/** Blocks after which memory is read, as the requirement has it. */
const BLOCKS = 1_000;
/** Transactions left out of the figures: compilers and caches warm up. */
const WARM_UP = 100;
/** Pause between a transaction's finality everywhere and the next one, ms. */
const PAUSE_MS = 2;
const VIEW_CHANGES = 3;

/** `finality_*`: from a transaction's arrival at a validator to its block final and synced there, over all validators. */
export async function benchConsensus({ validators }: { readonly validators: number }): Promise<Metrics> {
  const heights_per_second = coreHeightsPerSecond(validators, Math.ceil(4_000 / validators));
  const network = await startNetwork(validators);
  try {
    const finality = await network.submitOneByOne(BLOCKS);
    const rss_mb = await network.memory();
    const view_changes = await network.withDeadProposers(VIEW_CHANGES);
    return {
      finality_p50_ms: ms(quantile(finality.slice(WARM_UP * validators), 0.5)),
      finality_p99_ms: ms(quantile(finality.slice(WARM_UP * validators), 0.99)),
      view_change_ms: ms(quantile(view_changes, 0.5)),
      heights_per_second: { value: Math.round(heights_per_second), unit: 'heights/s' },
      validator_rss_mb: { value: Math.round(Math.max(...rss_mb)), unit: 'MB' },
    };
  } finally {
    await network.stop();
  }
}

const ms = (value: number) => ({ value: Math.round(value * 10) / 10, unit: 'ms' });

function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

type Network = {
  /** Finality of each transaction at each validator, ms. */
  submitOneByOne(count: number): Promise<number[]>;
  /** Resident memory of each validator, MB. */
  memory(): Promise<number[]>;
  /** Pause the next proposer, submit, wait for the rest, wake it: finality at the others, ms. */
  withDeadProposers(count: number): Promise<number[]>;
  stop(): Promise<void>;
};

async function startNetwork(count: number): Promise<Network> {
  const dir = await mkdtemp(join(tmpdir(), 'sortition-bench-'));
  const seeds = Array.from({ length: count }, () => randomBytes(32));
  const keys = seeds.map(signer);
  const [provisioner, client] = [signer(randomBytes(32)), signer(randomBytes(32))];
  const users = [
    ...keys.map(({ id }) => ({ id, kind: 'validator' as const })),
    { id: client.id, kind: 'client' as const },
  ];
  const broker = await startBroker({ dir: join(dir, 'broker'), users, provisioner: provisioner.id });
  const { url } = broker;
  const streams = await provisionStreams({ url, signer: provisioner, onRefused: fail });
  const bus = await connectBus({ url, signer: client, onRefused: fail });
  const deal = dealShares(count, quorum(count), randomBytes(32));
  const validators = keys.map(({ id }, i) => ({
    id,
    operator: id,
    power: 1,
    beacon_share: deal.shares[i]?.public ?? '',
    cosigner: id,
  }));
  const chain = createHash('sha256').update(randomBytes(32)).digest('hex');
  const children = keys.map(() => fork(CHILD, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }));
  await Promise.all(
    children.map((child, self) => {
      const beacon = { group_key: deal.group_key, secret_share: deal.shares[self]?.secret ?? '' };
      const plan: ChildPlan = {
        self,
        seed: seeds[self]?.toString('hex') ?? '',
        dir: join(dir, `${self}`),
        url,
        chain,
        validators,
        beacon,
      };
      const ready = next(child, 'ready');
      child.send(plan);
      return ready;
    }),
  );
  const client_bus = { bus, id: client.id };
  return {
    submitOneByOne: (transactions) => submitOneByOne(client_bus, children, transactions),
    memory: () =>
      Promise.all(children.map(async (child) => (child.send('memory'), (await next(child, 'memory')).rss_mb))),
    withDeadProposers: (times) => withDeadProposers(client_bus, children, times),
    async stop() {
      for (const child of children) child.kill('SIGKILL');
      await bus.close();
      await streams.close();
      await broker.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

type Client = { readonly bus: Bus; readonly id: string };

/** A transaction of 256 bytes, and when it is final at each of these children: height and milliseconds there. */
async function finalityOf(
  { bus, id }: Client,
  children: readonly ChildProcess[],
): Promise<{ height: number; round: number; ms: number[] }> {
  const finals = children.map(nextFinal);
  bus.cast(subject.transaction(id), randomBytes(256));
  const reports = await Promise.all(finals);
  const [first] = reports;
  return { height: first?.height ?? 0, round: first?.round ?? 0, ms: reports.flatMap((report) => report.finality_ms) };
}

async function submitOneByOne(client: Client, children: readonly ChildProcess[], count: number): Promise<number[]> {
  const finality: number[] = [];
  for (let i = 0; i < count; i++) {
    finality.push(...(await finalityOf(client, children)).ms);
    await delay(PAUSE_MS);
  }
  return finality;
}

async function withDeadProposers(client: Client, children: readonly ChildProcess[], count: number): Promise<number[]> {
  const finality: number[] = [];
  for (let i = 0; i < count; i++) {
    const { height } = await finalityOf(client, children);
    const proposer = proposerOf(height + 1, 0, children.length);
    children[proposer]?.kill('SIGSTOP');
    const others = children.filter((_, self) => self !== proposer);
    finality.push(...(await finalityOf(client, others)).ms);
    const back = nextFinal(children[proposer] as ChildProcess);
    children[proposer]?.kill('SIGCONT');
    await back;
  }
  return finality;
}

/** The next block with a transaction that this child reports. */
async function nextFinal(child: ChildProcess): Promise<Extract<ChildReport, { type: 'final' }>> {
  const report = await next(child, 'final');
  return report.finality_ms.length > 0 ? report : nextFinal(child);
}

function next<T extends ChildReport['type']>(child: ChildProcess, type: T): Promise<Extract<ChildReport, { type: T }>> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null) => reject(new Error(`a validator of the bench ended with ${code}`));
    const onMessage = (message: unknown) => {
      const report = message as ChildReport;
      if (report.type !== type) return;
      child.off('message', onMessage).off('exit', onExit);
      resolve(report as Extract<ChildReport, { type: T }>);
    };
    child.on('message', onMessage).once('exit', onExit);
  });
}

function fail(error: Error): never {
  throw error;
}
