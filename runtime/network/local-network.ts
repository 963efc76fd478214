// A whole network on this machine: broker and nodes as child processes, watched and started again when they end.
import { join } from 'node:path';
import { type Broker, startBroker } from '../broker/broker.ts';
import type { BrokerUser } from '../broker/nats-conf.ts';
import { provisionStreams } from '../bus/provision.ts';
import { readKeyFile, ensureKeyFile } from '../keys/key-file.ts';
import { extraUsers } from './admitted.ts';
import { type LocalNetwork, type LocalShape, openLocalNetwork, type PlannedNode, keyPath } from './local-genesis.ts';
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
  /** Port of the console; 0 takes a free one. */
  readonly port: number;
  /** Start nodes again that end without being asked. */
  readonly isSupervised: boolean;
  readonly shape?: LocalShape;
  /** Nodes to lie, for tests. */
  readonly dishonest?: readonly string[];
};

/** Pause before a node that ended is started again, ms: doubles up to the cap while it keeps ending. */
const RESTART_MS = 250;
const RESTART_CAP_MS = 5_000;
/** How long nodes may take to drain before they are killed, ms. */
const STOP_LIMIT_MS = 3_000;

export async function startLocalNetwork(o: LocalNetworkOptions): Promise<RunningNetwork> {
  const network = await openLocalNetwork(o.dir, o.shape);
  const provisioner = await ensureKeyFile(keyPath(o.dir, 'provisioner'));
  const users = await allUsers(o.dir, network);
  const origins = o.port === 0 ? [] : [`http://127.0.0.1:${o.port}`, `http://localhost:${o.port}`];
  const broker = await startBroker({ dir: join(o.dir, 'broker'), users, provisioner: provisioner.id, origins });
  const streams = await provisionStreams({ url: broker.url, signer: provisioner, onRefused: () => undefined });
  const nodes = new Supervisor(o, network, broker);
  const readmit = (): void => void allUsers(o.dir, network).then((all) => broker.reload(all));
  process.on('SIGHUP', readmit);
  for (const { name } of network.nodes) nodes.start(name);
  const gateway_url = await nodes.allReady();
  await noteRunning(o.dir, { gateway_url, broker_url: broker.url, broker_pid: broker.pid, ws_url: broker.ws_url, pid: process.pid });
  return {
    network,
    broker,
    gateway_url,
    process: (name) => nodes.process(name),
    start: (name) => nodes.start(name),
    async stop() {
      process.off('SIGHUP', readmit);
      await nodes.stop();
      await streams.close();
      await broker.stop();
      await forgetRunning(o.dir);
    },
  };
}

/** Those of the genesis and those that were admitted since (`sortition keys admit`). */
const allUsers = async (dir: string, network: LocalNetwork): Promise<BrokerUser[]> => [...(await plannedUsers(dir, network)), ...(await extraUsers(dir))];

async function plannedUsers(dir: string, { nodes }: LocalNetwork): Promise<BrokerUser[]> {
  const actors = [...nodes.flatMap((node) => node.actors), { kind: 'client' as const, key: keyPath(dir, 'client') }];
  return Promise.all(actors.map(async ({ kind, key }) => ({ kind, id: (await readKeyFile(key)).id })));
}

class Supervisor {
  readonly #o: LocalNetworkOptions;
  readonly #network: LocalNetwork;
  readonly #broker: Broker;
  readonly #processes = new Map<string, NodeProcess>();
  readonly #pauses = new Map<string, number>();
  #isStopping = false;

  constructor(o: LocalNetworkOptions, network: LocalNetwork, broker: Broker) {
    this.#o = o;
    this.#network = network;
    this.#broker = broker;
  }

  process(name: string): NodeProcess | undefined {
    return this.#processes.get(name);
  }

  start(name: string): NodeProcess {
    const node = this.#network.nodes.find((planned) => planned.name === name);
    if (node === undefined) throw new RangeError(`no node is called ${name}`);
    const child = this.#spawn(node);
    this.#processes.set(name, child);
    if (this.#o.isSupervised) void child.ended.then(() => this.#restart(name, child));
    return child;
  }

  /** @throws NetworkError NODE_START_FAILED */
  async allReady(): Promise<string> {
    const urls = await Promise.all(Array.from(this.#processes, async ([name, child]) => [name, await child.ready] as const));
    return urls.find(([name]) => name === 'gateway')?.[1] ?? '';
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    const children = [...this.#processes.values()].filter((child) => child.isRunning());
    for (const child of children) child.signal('SIGTERM');
    const late = setTimeout(() => children.filter((child) => child.isRunning()).forEach((child) => child.signal('SIGKILL')), STOP_LIMIT_MS);
    await Promise.all(children.map((child) => child.ended));
    clearTimeout(late);
  }

  #spawn(node: PlannedNode): NodeProcess {
    const { dir, port, dishonest = [] } = this.#o;
    return startNodeProcess({
      node,
      dir,
      genesis_path: this.#network.genesis_path,
      url: this.#broker.url,
      ws_url: this.#broker.ws_url,
      http_port: node.name === 'gateway' ? port : 0,
      dishonest: dishonest.includes(node.name),
    });
  }

  #restart(name: string, ended: NodeProcess): void {
    if (this.#isStopping || this.#processes.get(name) !== ended) return;
    const pause_ms = this.#pauses.get(name) ?? RESTART_MS;
    this.#pauses.set(name, Math.min(2 * pause_ms, RESTART_CAP_MS));
    setTimeout(() => {
      if (this.#isStopping || this.#processes.get(name) !== ended) return;
      void this.start(name).ready.then(() => this.#pauses.delete(name), () => undefined);
    }, pause_ms);
  }
}
