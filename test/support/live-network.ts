// A whole network of processes in a folder of its own, for drills: kill and start nodes, run jobs, and look at what is left on disk.
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Signer } from '#runtime/keys/ed25519.ts';
import { readKeyFile } from '#runtime/keys/key-file.ts';
import { ConsoleClient } from '#runtime/network/console-client.ts';
import { keyPath } from '#runtime/network/local-genesis.ts';
import { type LocalNetworkOptions, type RunningNetwork, startLocalNetwork } from '#runtime/network/local-network.ts';
import { FRONTIER, type JobView, submitRange } from '#runtime/network/main-job.ts';
import { nodeDir } from '#runtime/network/node-process.ts';
import type { ConsoleView } from '#schemas/node/console.ts';
import { report } from './report.ts';
import { until } from './until.ts';

export type JobSize = { readonly units: number; readonly unit_log2: number };
export type LiveOptions = Partial<Omit<LocalNetworkOptions, 'dir' | 'port'>>;

/** How long a gateway may be away, ms: the drills kill it too. */
const PATIENCE_MS = 60_000;
/** How long nodes and jobs may take on a busy machine, ms. */
export const PATIENT_MS = 120_000;

export class LiveNetwork {
  readonly dir: string;
  readonly running: RunningNetwork;
  readonly client: ConsoleClient;
  readonly signer: Signer;
  #next = FRONTIER;

  private constructor(dir: string, running: RunningNetwork, signer: Signer) {
    this.dir = dir;
    this.running = running;
    this.client = new ConsoleClient(running.gateway_url, { ms: PATIENCE_MS });
    this.signer = signer;
  }

  static async start(options: LiveOptions = {}): Promise<LiveNetwork> {
    const dir = await mkdtemp(join(tmpdir(), 'sortition-drill-'));
    const running = await startLocalNetwork({ isSupervised: true, ...options, dir, port: 0 });
    return new LiveNetwork(dir, running, await readKeyFile(keyPath(dir, 'client')));
  }

  view = (): Promise<ConsoleView> => this.client.view();

  /** Names of the nodes whose name begins so. */
  names(prefix = ''): string[] {
    return this.running.network.nodes.map(({ name }) => name).filter((name) => name.startsWith(prefix));
  }

  /** Id of a node's first actor. */
  async idOf(name: string): Promise<string> {
    const node = this.running.network.nodes.find((planned) => planned.name === name);
    return (await readKeyFile(node?.actors[0]?.key ?? name)).id;
  }

  /** kill −9, and wait for its end. */
  async kill(name: string): Promise<void> {
    const child = this.running.process(name);
    child?.signal('SIGKILL');
    await child?.ended;
  }

  /** Start a node that was killed for good, and wait until it serves. */
  async revive(name: string): Promise<void> {
    await this.running.start(name).ready;
  }

  /** Resolves when the ledger counts all workers of the genesis as there: from then on each of them is drawn. */
  async staffed(): Promise<void> {
    const { nodes } = this.running.network.chain.genesis;
    const count = nodes.filter(({ kind }) => kind === 'worker').length;
    await until(async () => (await this.view()).available_count === count, PATIENT_MS, `${count} workers are there`);
  }

  /** Submit the next range; resolves with the job's id once the ledger has it. */
  async submit(size: JobSize): Promise<string> {
    const start = this.#next;
    this.#next += BigInt(size.units) << BigInt(size.unit_log2);
    return submitRange(this.client, this.signer, start, size);
  }

  async job(id: string): Promise<JobView | undefined> {
    return (await this.view()).jobs.find((job) => job.id === id);
  }

  /** Resolves when every unit of the job is settled or parked. */
  finished(id: string, within_ms = PATIENT_MS): Promise<JobView> {
    const look = async (): Promise<JobView | false> => {
      const job = await this.job(id);
      return job !== undefined && job.finished_ms > 0 && job;
    };
    return until(look, within_ms, `job ${id} finishes`);
  }

  /** Resolves when every closed settlement is archived, and the job is in one of them. */
  async archived(id: string, within_ms = PATIENT_MS): Promise<void> {
    const look = async (): Promise<boolean> => {
      const { settlements } = await this.view();
      if (settlements.some(({ cid }) => cid === '')) return false;
      const found = settlements.map(({ seq }) => this.client.get<{ jobs: string[] }>(`/api/settlements/${seq}`));
      return (await Promise.all(found)).some(({ jobs }) => jobs.includes(id));
    };
    await until(look, within_ms, `the settlement of job ${id} is archived`);
  }

  /** Height that a node has executed, as its own metrics say. */
  async heightOf(name: string): Promise<number> {
    const text = await (await fetch(`${await this.running.process(name)?.ready}/metrics`)).text();
    return Number(/^sortition_consensus_height\S* (\d+)/m.exec(text)?.[1] ?? 0);
  }

  /** Resolves when these nodes have executed `height`. */
  async reached(names: readonly string[], height: number, within_ms = PATIENT_MS): Promise<void> {
    const one = (name: string): Promise<boolean> =>
      until(async () => (await this.heightOf(name)) >= height, within_ms, `${name} reaches height ${height}`);
    await Promise.all(names.map(one));
  }

  /** Stop the broker, put an older copy of its streams back, start it again. */
  async rollBackBroker(copy: string): Promise<void> {
    await this.running.broker.kill('SIGKILL');
    await rm(this.#streams(), { recursive: true, force: true });
    await cp(copy, this.#streams(), { recursive: true });
    await this.running.broker.restart();
  }

  /** Copy the broker's streams as they are on disk: what a backup would hold. */
  async copyBroker(): Promise<string> {
    const copy = join(this.dir, `streams-${performance.now()}`);
    await this.running.broker.kill('SIGKILL');
    await cp(this.#streams(), copy, { recursive: true });
    await this.running.broker.restart();
    return copy;
  }

  /** Forget everything that a node has on disk, but not its keys. */
  wipe = (name: string): Promise<void> => rm(nodeDir(this.dir, name), { recursive: true, force: true });

  /** What the nodes' logs hold beside the usual, the last lines of each: read after a drill that failed. */
  async complaints(): Promise<string> {
    const told = this.names().map(async (name) => {
      const lines = (await readFile(join(this.dir, 'logs', `${name}.log`), 'utf8')).split('\n');
      return lines
        .filter((line) => line !== '' && !/^\{"level":(10|20|30),/.test(line))
        .slice(-10)
        .map((line) => `${name}: ${line}`);
    });
    return (await Promise.all(told)).flat().join('\n');
  }

  /** Drain everything; the folder stays for a look at what is left. */
  stop = (): Promise<void> => this.running.stop();

  remove = (): Promise<void> => rm(this.dir, { recursive: true, force: true });

  #streams = (): string => join(this.dir, 'broker', 'streams');
}

/** Run a drill over a network of its own, which ends with it whatever happens. */
export async function withNetwork<T>(options: LiveOptions, drill: (network: LiveNetwork) => Promise<T>): Promise<T> {
  const network = await LiveNetwork.start(options);
  try {
    return await drill(network);
  } catch (error) {
    report(await network.complaints());
    throw error;
  } finally {
    await network.stop();
    await network.remove();
  }
}
