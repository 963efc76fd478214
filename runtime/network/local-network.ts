// A whole network on this machine: broker and nodes as child processes, watched and started again when they end.
import { join } from 'node:path';
import { type Broker, startBroker } from '../broker/broker.ts';
import { useBroker } from '../broker/external.ts';
import type { BrokerUser } from '../broker/nats-conf.ts';
import { provisionStreams } from '../bus/provision.ts';
import { ensureKeyFile, readKeyFile } from '../keys/key-file.ts';
import { extraUsers } from './admitted.ts';
import { pause } from './console-client.ts';
import { freePort } from './free-port.ts';
import { keyPath, type LocalNetwork, type LocalShape, openLocalNetwork } from './local-genesis.ts';
import { NetworkError } from './network-error.ts';
import { type NodeProcess, startNodeProcess } from './node-process.ts';
import { forgetRunning, noteRunning } from './running.ts';

export type RunningNetwork = {
  readonly network: LocalNetwork;
  readonly broker: Broker;
  /** Address of the console. */
  readonly gateway_url: string;
  /** The process of a node; a node that was started again has a new one. */
  process(name: string): NodeProcess | undefined;
  /** Start a node that ended, or a second time after a kill. */
  start(name: string): NodeProcess;
  /** Drain all nodes, then the broker; within about two seconds. */
  stop(): Promise<void>;
};

export type LocalNetworkOptions = {
  readonly dir: string;
  /** Port of the console; 0, or one that is taken, gives a free one. */
  readonly port: number;
  /** Start nodes and broker again that end without being asked. */
  readonly isSupervised: boolean;
  readonly shape?: LocalShape;
  /** A broker that runs already, instead of one of our own. */
  readonly external?: { readonly url: string; readonly ws_url: string };
  /** Nodes to lie, for tests. */
  readonly dishonest?: readonly string[];
  /** Gives the start up; the network is then stopped, and the start fails. */
  readonly signal?: AbortSignal;
};

/** Folder of the broker of a local network. */
export const brokerDir = (dir: string): string => join(dir, 'broker');

const GATEWAY = 'gateway';
/** Pause before a node that ended is started again, ms: doubles up to the cap while it keeps ending. */
const RESTART_MS = 250;
const RESTART_CAP_MS = 5_000;
/** Starts of a node before its network is said not to start: with their pauses longer than a node may take to drain. */
const MAX_FIRST_STARTS = 6;
/** How long nodes may take to drain before they are killed, ms. */
const STOP_LIMIT_MS = 3_000;

/** @throws BrokerError, BusError, NetworkError; what was started by then is stopped */
export async function startLocalNetwork(options: LocalNetworkOptions): Promise<RunningNetwork> {
  const o = { ...options, port: await freePort(options.port) };
  await using started = new AsyncDisposableStack();
  const network = await openLocalNetwork(o.dir, o.shape);
  // Before the first process: whoever starts a second network over this folder now is told.
  await noteRunning(o.dir, { gateway_url: '', broker_url: '', ws_url: '' });
  started.defer(() => forgetRunning(o.dir));
  const provisioner = await ensureKeyFile(keyPath(o.dir, 'provisioner'));
  const broker = await openBroker(o, network, provisioner.id);
  started.defer(() => broker.stop());
  const streams = await provisionStreams({ url: broker.url, signer: provisioner, onRefused: () => undefined });
  started.defer(() => streams.close());
  started.defer(followAdmissions(o.dir, network, broker));
  const nodes = new Supervisor(o, network, broker);
  started.defer(() => nodes.stop());
  const gateway_url = await nodes.startAll();
  await noteRunning(o.dir, { gateway_url, broker_url: broker.url, ws_url: broker.ws_url });
  const running = started.move();
  return {
    network,
    broker,
    gateway_url,
    process: (name) => nodes.process(name),
    start: (name) => nodes.start(name),
    stop: () => running.disposeAsync(),
  };
}

async function openBroker(
  { dir, port, external }: LocalNetworkOptions,
  network: LocalNetwork,
  provisioner: string,
): Promise<Broker> {
  if (external !== undefined) return useBroker(external.url, external.ws_url);
  const origins = [`http://127.0.0.1:${port}`, `http://localhost:${port}`];
  return startBroker({ dir: brokerDir(dir), users: await allUsers(dir, network), provisioner, origins });
}

/** On SIGHUP the broker is told who was admitted since; the answer ends that. */
function followAdmissions(dir: string, network: LocalNetwork, broker: Broker): () => void {
  // A broker that is down just now reads the new list when it starts again.
  const readmit = (): void =>
    void allUsers(dir, network)
      .then((all) => broker.reload(all))
      .catch(() => undefined);
  process.on('SIGHUP', readmit);
  return () => void process.off('SIGHUP', readmit);
}

/** Those of the genesis and those that were admitted since (`sortition keys admit`). */
const allUsers = async (dir: string, network: LocalNetwork): Promise<BrokerUser[]> => [
  ...(await plannedUsers(dir, network)),
  ...(await extraUsers(dir)),
];

async function plannedUsers(dir: string, { nodes }: LocalNetwork): Promise<BrokerUser[]> {
  const actors = [...nodes.flatMap((node) => node.actors), { kind: 'client' as const, key: keyPath(dir, 'client') }];
  return Promise.all(actors.map(async ({ kind, key }) => ({ kind, id: (await readKeyFile(key)).id })));
}

/** Starts processes again that ended without being asked to. */
class Supervisor {
  readonly #o: LocalNetworkOptions;
  readonly #network: LocalNetwork;
  readonly #broker: Broker;
  readonly #processes = new Map<string, NodeProcess>();
  readonly #pauses = new Map<string, number>();
  /** Port of the console: browsers and commands find it again after a restart. */
  #console_port: number;
  #isStopping = false;

  constructor(o: LocalNetworkOptions, network: LocalNetwork, broker: Broker) {
    this.#o = o;
    this.#network = network;
    this.#broker = broker;
    this.#console_port = o.port;
    if (o.isSupervised) void this.#keepBroker();
  }

  process(name: string): NodeProcess | undefined {
    return this.#processes.get(name);
  }

  start(name: string): NodeProcess {
    const child = this.#spawn(name);
    this.#watch(child);
    return child;
  }

  /** Address of the console once every node serves. @throws NetworkError NODE_START_FAILED, also where the start is given up */
  async startAll(): Promise<string> {
    const giveUp = (): void => void this.stop();
    this.#o.signal?.addEventListener('abort', giveUp, { once: true });
    if (this.#o.signal?.aborted === true) giveUp();
    const urls = await Promise.all(
      this.#network.nodes.map(async ({ name }) => [name, await this.#startFirst(name)] as const),
    );
    const url = urls.find(([name]) => name === GATEWAY)?.[1] ?? '';
    this.#console_port = Number(new URL(url).port);
    this.#o.signal?.removeEventListener('abort', giveUp);
    return url;
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    const children = [...this.#processes.values()].filter((child) => child.isRunning());
    for (const child of children) child.signal('SIGTERM');
    const late = setTimeout(
      () => children.filter((child) => child.isRunning()).forEach((child) => child.signal('SIGKILL')),
      STOP_LIMIT_MS,
    );
    await Promise.all(children.map((child) => child.ended));
    clearTimeout(late);
  }

  /** The first start may fail while a node that a killed parent left behind still drains and holds the database. */
  async #startFirst(name: string): Promise<string> {
    for (let starts = 1; ; starts++) {
      if (this.#isStopping) throw new NetworkError('NODE_START_FAILED', name);
      const child = this.#spawn(name);
      try {
        const url = await child.ready;
        this.#watch(child);
        return url;
      } catch (error) {
        if (starts === MAX_FIRST_STARTS) throw error;
        await pause(starts * RESTART_MS);
      }
    }
  }

  #spawn(name: string): NodeProcess {
    const node = this.#network.nodes.find((planned) => planned.name === name);
    if (node === undefined) throw new RangeError(`no node is called ${name}`);
    const { dir, dishonest = [] } = this.#o;
    const child = startNodeProcess({
      node,
      dir,
      genesis_path: this.#network.genesis_path,
      url: this.#broker.url,
      ws_url: this.#broker.ws_url,
      http_port: name === GATEWAY ? this.#console_port : 0,
      dishonest: dishonest.includes(name),
    });
    this.#processes.set(name, child);
    return child;
  }

  #watch(child: NodeProcess): void {
    if (this.#o.isSupervised) void child.ended.then(() => this.#restart(child));
  }

  async #restart(ended: NodeProcess): Promise<void> {
    const { name } = ended;
    const isWanted = (): boolean => !this.#isStopping && this.#processes.get(name) === ended;
    if (!isWanted()) return;
    const pause_ms = this.#pauses.get(name) ?? RESTART_MS;
    this.#pauses.set(name, Math.min(2 * pause_ms, RESTART_CAP_MS));
    await pause(pause_ms);
    if (!isWanted()) return;
    await this.start(name).ready.then(
      () => this.#pauses.delete(name),
      () => undefined,
    );
  }

  async #keepBroker(): Promise<void> {
    for (;;) {
      await this.#broker.ended();
      if (this.#isStopping) return;
      await pause(RESTART_MS);
      if (this.#isStopping) return;
      await this.#broker.restart().catch(() => undefined);
    }
  }
}
