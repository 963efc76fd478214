// Measures the whole path of work: submit → draw → commit → reveal → audit → settle, over real processes; and the kernel alone.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readKeyFile } from '#runtime/keys/key-file.ts';
import { ConsoleClient, pause } from '#runtime/network/console-client.ts';
import { keyPath } from '#runtime/network/local-genesis.ts';
import { type RunningNetwork, startLocalNetwork } from '#runtime/network/local-network.ts';
import { jobIdOf } from '#runtime/network/main-job.ts';
import { NatsClient } from '#runtime/network/nats-client.ts';
import { kernelNumbersPerSecond } from '#runtime/sandbox/bench.ts';
import { openSandboxPool } from '#runtime/sandbox/pool.ts';
import type { ToldV1 } from '#schemas/node/told.ts';
import { u128 } from '#schemas/wire/fields.ts';
import { type Metrics, milliseconds, perSecond, quantile } from './figures.ts';

/** A client submits this often, tasks/s, a job at a time: clients do not wait for each other's answers. */
const OFFERED_PER_SECOND = 1_500;
const TASKS_PER_JOB = 20;
/** It holds back while so many jobs are under way: a queue with a bound. */
const MAX_JOBS_UNDER_WAY = 40;
/** Until the nodes' code is compiled and their databases are as busy as they stay. */
const WARM_UP_MS = 20_000;
const MEASURE_MS = 15_000;
/** How long stragglers may take, ms. */
const DRAIN_MS = 30_000;
const LOOK_EVERY_MS = 5;

/**
 * `tasks_per_second`: settled no-op tasks while 1,500 are offered a second and at most 800 are under way; `task_p99_ms`: from a
 * task's submission to the client's knowledge that it is settled, at that load. Every task is drawn, committed, revealed,
 * audited by two. Each operator is one process: a validator with its workers, or with the services.
 */
export async function benchWork(): Promise<Metrics> {
  const kernel = await benchKernel();
  const dir = await mkdtemp(join(tmpdir(), 'sortition-bench-'));
  const network = await startLocalNetwork({
    dir,
    port: 0,
    isSupervised: false,
    shape: { params: { open_units_per_worker: 512 }, is_compact: true },
  });
  try {
    return { ...(await offerTasks(network, dir)), ...kernel };
  } finally {
    await network.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

async function benchKernel(): Promise<Metrics> {
  const pool = await openSandboxPool({ size: 1 });
  try {
    return { kernel_numbers_per_second: perSecond(await kernelNumbersPerSecond(pool), 'numbers') };
  } finally {
    await pool.close();
  }
}

async function offerTasks({ broker, gateway_url }: RunningNetwork, dir: string): Promise<Metrics> {
  const signer = await readKeyFile(keyPath(dir, 'client'));
  const settled = new Map<string, number[]>();
  const client = await NatsClient.open({
    broker_url: broker.url,
    gateway_url,
    signer,
    onTold: (told) => note(told, settled),
    onRefused: fail,
    onBusRefused: fail,
  });
  await workersThere(new ConsoleClient(gateway_url));
  const load = new Load(client, signer.id);
  await load.run(WARM_UP_MS + MEASURE_MS, settled);
  await load.drained(settled, DRAIN_MS);
  await client.close();
  return load.figures(settled);
}

/** When each task of each job was known to be settled. */
function note({ jobs, txs }: ToldV1, settled: Map<string, number[]>): void {
  const now_ms = performance.now();
  for (const { nonce, code } of txs) if (code !== null) fail(`transaction ${nonce} was refused: ${code}`);
  for (const { job, settled: units } of jobs) {
    const times = settled.get(job) ?? [];
    settled.set(job, [...times, ...units.map(() => now_ms)]);
  }
}

async function workersThere(client: ConsoleClient): Promise<void> {
  for (let view = await client.view(); view.available_count < view.workers_count; view = await client.view())
    await pause(50);
}

/** A job at each of its times, later where too many are under way. */
class Load {
  readonly #submitted = new Map<string, number>();
  readonly #open = new Set<string>();
  readonly #client: NatsClient;
  readonly #account: string;
  #begin_ms = 0;

  constructor(client: NatsClient, account: string) {
    this.#client = client;
    this.#account = account;
  }

  /** Submit at a steady rate until the time is up. */
  async run(duration_ms: number, settled: ReadonlyMap<string, readonly number[]>): Promise<void> {
    this.#begin_ms = performance.now();
    const gap_ms = (1_000 * TASKS_PER_JOB) / OFFERED_PER_SECOND;
    let next_ms = this.#begin_ms;
    for (let now_ms = next_ms; now_ms < this.#begin_ms + duration_ms; now_ms = performance.now()) {
      if (this.#underWay(settled) === MAX_JOBS_UNDER_WAY) next_ms = now_ms + LOOK_EVERY_MS;
      for (; next_ms <= now_ms && this.#open.size < MAX_JOBS_UNDER_WAY; next_ms += gap_ms) this.#submit();
      await pause(Math.min(LOOK_EVERY_MS, Math.max(1, next_ms - now_ms)));
    }
  }

  #underWay(settled: ReadonlyMap<string, readonly number[]>): number {
    for (const job of this.#open) if (settled.get(job)?.length === TASKS_PER_JOB) this.#open.delete(job);
    return this.#open.size;
  }

  #submit(): void {
    const seq = this.#submitted.size;
    const idempotency_key = `bench/${seq}`;
    const job = jobIdOf(this.#account, idempotency_key);
    this.#open.add(job);
    this.#submitted.set(job, performance.now());
    const sent = this.#client.send({
      type: 'job.submit',
      idempotency_key,
      kernel: 'noop/v1',
      start: u128(BigInt(seq) << 20n),
      unit_log2: 8,
      units: TASKS_PER_JOB,
      reward_per_unit_units: 100n,
    });
    void sent.catch(fail);
  }

  /** Wait until every task is settled. @throws Error when some are not in time: their latency is unknown, not small */
  async drained(settled: ReadonlyMap<string, readonly number[]>, limit_ms: number): Promise<void> {
    for (const end_ms = performance.now() + limit_ms; this.#underWay(settled) > 0; await pause(LOOK_EVERY_MS))
      if (performance.now() > end_ms) throw new Error(`tasks are not settled ${limit_ms} ms after the last submission`);
  }

  figures(settled: ReadonlyMap<string, readonly number[]>): Metrics {
    const from_ms = this.#begin_ms + WARM_UP_MS;
    const all = [...settled.values()].flat();
    const inWindow = all.filter((at) => at >= from_ms && at < from_ms + MEASURE_MS).length;
    const latencies = [...this.#submitted]
      .filter(([, at]) => at >= from_ms)
      .flatMap(([job, at]) => (settled.get(job) ?? []).map((end) => end - at));
    return {
      tasks_per_second: perSecond((inWindow * 1000) / MEASURE_MS, 'tasks'),
      task_p50_ms: milliseconds(quantile(latencies, 0.5)),
      task_p99_ms: milliseconds(quantile(latencies, 0.99)),
    };
  }
}

function fail(error: unknown): void {
  throw error instanceof Error ? error : new Error(String(error));
}
