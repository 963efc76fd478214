// The processes of a live network: validators and gateways as `sortition node`, one broker or three, and paths to it that can break.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Broker, startBroker } from '#runtime/broker/broker.ts';
import { startBrokerCluster } from '#runtime/broker/cluster.ts';
import { provisionStreams } from '#runtime/bus/provision.ts';
import type { Signer } from '#runtime/keys/ed25519.ts';
import { ensureKeyFile } from '#runtime/keys/key-file.ts';
import { keyPath, type LocalNetwork, openLocalNetwork, type PlannedNode } from '#runtime/network/local-genesis.ts';
import { type NodeProcess, nodeDir, startNodeProcess } from '#runtime/network/node-process.ts';
import { FaultyPath } from './faulty-path.ts';
import type { Manifest } from './manifest.ts';

export type NetworkPlan = Pick<Manifest, 'validators' | 'gateways' | 'brokers' | 'params'> & {
  /** Names of the nodes whose paths can break: those of the others go straight to the broker. */
  readonly breakable: ReadonlySet<string>;
};

/** Processes that start at the same time: more of them only wait for each other. */
const STARTED_TOGETHER = 6;

export const validatorName = (number: number): string => `validator-${number}`;
export const gatewayName = (number: number): string => `gateway-${number}`;

export class ValidatorNodes {
  readonly dir: string;
  readonly network: LocalNetwork;
  /** Servers of the broker. */
  readonly servers: readonly Broker[];
  /** Address of the whole broker, past all paths. */
  readonly url: string;
  readonly client: Signer;
  readonly #plans: ReadonlyMap<string, PlannedNode>;
  readonly #paths: ReadonlyMap<string, readonly FaultyPath[]>;
  readonly #processes = new Map<string, NodeProcess>();
  readonly #owned: AsyncDisposableStack;

  private constructor(
    parts: Pick<ValidatorNodes, 'dir' | 'network' | 'servers' | 'url' | 'client'>,
    plans: readonly PlannedNode[],
    paths: ReadonlyMap<string, readonly FaultyPath[]>,
    owned: AsyncDisposableStack,
  ) {
    this.dir = parts.dir;
    this.network = parts.network;
    this.servers = parts.servers;
    this.url = parts.url;
    this.client = parts.client;
    this.#plans = new Map(plans.map((plan) => [plan.name, plan]));
    this.#paths = paths;
    this.#owned = owned;
  }

  /** Resolves when every process serves; what was started by then ends with a start that fails. */
  static async start(plan: NetworkPlan): Promise<ValidatorNodes> {
    await using owned = new AsyncDisposableStack();
    const dir = await mkdtemp(join(tmpdir(), 'sortition-live-'));
    owned.defer(() => rm(dir, { recursive: true, force: true }));
    const network = await openLocalNetwork(dir, { validators_count: plan.validators, params: plan.params });
    const plans = planNodes(dir, network, plan.gateways);
    const client = await ensureKeyFile(keyPath(dir, 'client'));
    const provisioner = await ensureKeyFile(keyPath(dir, 'provisioner'));
    const users = [...(await usersOf(plans)), { kind: 'client' as const, id: client.id }];
    const broker = await openBroker({ dir: join(dir, 'broker'), users, provisioner: provisioner.id }, plan.brokers);
    owned.defer(() => broker.stop());
    const { url, servers } = broker;
    const streams = await provisionStreams({
      url,
      signer: provisioner,
      onRefused: () => undefined,
      replicas_count: plan.brokers,
    });
    owned.defer(() => streams.close());
    const paths = new Map<string, readonly FaultyPath[]>();
    for (const [seed, name] of [...plan.breakable].entries())
      paths.set(name, await Promise.all(servers.map((server) => FaultyPath.open(server.url, seed))));
    owned.defer(async () => void (await Promise.all([...paths.values()].flat().map((path) => path.close()))));
    const nodes = new ValidatorNodes({ dir, network, servers, url, client }, plans, paths, owned.move());
    await nodes.startAll(plans.map(({ name }) => name)).catch((error: unknown) => nodes.#failStart(error));
    return nodes;
  }

  process(name: string): NodeProcess {
    const found = this.#processes.get(name);
    if (found === undefined) throw new RangeError(`${name} was never started`);
    return found;
  }

  /** Resolves when they serve. */
  async startAll(names: readonly string[]): Promise<void> {
    const waiting = [...names];
    const startNext = async (): Promise<void> => {
      for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) await this.#spawn(name, name).ready;
    };
    await Promise.all(Array.from({ length: STARTED_TOGETHER }, startNext));
  }

  /** A second process under the keys of a node, from a folder of its own. It may stop before it serves. */
  startCopy(name: string, copy: string): void {
    this.#spawn(name, copy);
  }

  async kill(name: string): Promise<void> {
    const child = this.process(name);
    child.signal('SIGKILL');
    await child.ended;
  }

  folder = (name: string): string => nodeDir(this.dir, name);

  /** Its paths to the servers of the broker. */
  paths(name: string): readonly FaultyPath[] {
    const found = this.#paths.get(name);
    if (found === undefined) throw new RangeError(`the paths of ${name} cannot break`);
    return found;
  }

  log = (name: string): Promise<string> => readFile(join(this.dir, 'logs', `${name}.log`), 'utf8');

  /** What the nodes' logs hold beside the usual, the last lines of each: read after a run that failed. */
  async complaints(): Promise<string> {
    const told = [...this.#processes.keys()].map(async (name) => {
      const lines = (await this.log(name)).split('\n');
      const unusual = lines.filter((line) => line !== '' && !/^\{"level":(10|20|30),/.test(line));
      return unusual.slice(-5).map((line) => `${name}: ${line}`);
    });
    return (await Promise.all(told)).flat().join('\n');
  }

  /** Ends every process, kindly, and removes the folder. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
    await this.#owned.disposeAsync();
  }

  async #failStart(error: unknown): Promise<never> {
    const complaints = await this.complaints();
    await this.#end('SIGKILL');
    await this.#owned.disposeAsync();
    throw new Error(complaints, { cause: error });
  }

  /** A paused one hears nothing until it goes on; one that does not drain in time ends itself. */
  async #end(signal: NodeJS.Signals): Promise<void> {
    const running = [...this.#processes.values()].filter((child) => child.isRunning());
    for (const child of running) {
      child.signal('SIGCONT');
      child.signal(signal);
    }
    await Promise.all(running.map((child) => child.ended));
  }

  #spawn(name: string, folder: string): NodeProcess {
    const plan = this.#plans.get(name);
    if (plan === undefined) throw new RangeError(`no node is called ${name}`);
    if (this.#processes.get(folder)?.isRunning() === true) throw new Error(`${folder} runs already`);
    const paths = this.#paths.get(name);
    const child = startNodeProcess({
      node: { ...plan, name: folder },
      dir: this.dir,
      genesis_path: this.network.genesis_path,
      url: paths === undefined ? this.url : paths.map((path) => path.url).join(','),
      ws_url: this.servers[0]?.ws_url ?? '',
    });
    this.#processes.set(folder, child);
    return child;
  }
}

/** The validators of the genesis, and gateways; nobody works here. */
function planNodes(dir: string, { nodes }: LocalNetwork, gateways_count: number): readonly PlannedNode[] {
  const validators = nodes.filter(({ actors }) => actors.some(({ kind }) => kind === 'validator'));
  const gateways = Array.from({ length: gateways_count }, (_, i): PlannedNode => {
    const name = gatewayName(i + 1);
    return { name, actors: [{ kind: 'gateway', key: keyPath(dir, name) }] };
  });
  return [...validators, ...gateways];
}

const usersOf = (plans: readonly PlannedNode[]) =>
  Promise.all(
    plans.flatMap(({ actors }) => actors).map(async ({ kind, key }) => ({ kind, id: (await ensureKeyFile(key)).id })),
  );

type OpenBroker = { readonly url: string; readonly servers: readonly Broker[]; stop(): Promise<void> };

async function openBroker(options: Parameters<typeof startBroker>[0], count: number): Promise<OpenBroker> {
  if (count > 1) return startBrokerCluster(options, count);
  const broker = await startBroker(options);
  return { url: broker.url, servers: [broker], stop: () => broker.stop() };
}
