// A network of real processes in two halves that hear nothing of each other: an own broker for each, and copies of some nodes on both.
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Broker, startBroker } from '#runtime/broker/broker.ts';
import { connectBus } from '#runtime/bus/jetstream-bus.ts';
import { provisionStreams } from '#runtime/bus/provision.ts';
import { ensureKeyFile, readKeyFile } from '#runtime/keys/key-file.ts';
import { keyPath, type LocalNetwork, openLocalNetwork, type PlannedNode } from '#runtime/network/local-genesis.ts';
import { type NodeProcess, nodeDir, startNodeProcess } from '#runtime/network/node-process.ts';
import { SYNC_TIMEOUT_MS } from '#schemas/wire/limits.ts';
import { subject } from '#schemas/wire/subjects.ts';

const quiet = { onRefused: (): void => undefined };

export class TwoSides {
  readonly dir: string;
  readonly network: LocalNetwork;
  readonly #stack: AsyncDisposableStack;
  readonly #brokers: readonly Broker[];

  private constructor(dir: string, network: LocalNetwork, brokers: readonly Broker[], stack: AsyncDisposableStack) {
    this.dir = dir;
    this.network = network;
    this.#brokers = brokers;
    this.#stack = stack;
  }

  /** Two brokers for the keys of one network; no node runs yet. */
  static async open(idle_ms: number): Promise<TwoSides> {
    await using stack = new AsyncDisposableStack();
    const dir = await mkdtemp(join(tmpdir(), 'sortition-sides-'));
    stack.defer(() => rm(dir, { recursive: true, force: true }));
    const network = await openLocalNetwork(dir, { params: { max_block_interval_ms: idle_ms } });
    const actors = network.nodes.flatMap((node) => node.actors);
    const users = await Promise.all(actors.map(async ({ kind, key }) => ({ kind, id: (await readKeyFile(key)).id })));
    const signer = await ensureKeyFile(keyPath(dir, 'provisioner'));
    const brokers: Broker[] = [];
    for (const side of ['left', 'right']) {
      const broker = await startBroker({ dir: join(dir, side), users, provisioner: signer.id });
      stack.defer(() => broker.stop());
      const streams = await provisionStreams({ url: broker.url, signer, ...quiet });
      stack.defer(() => streams.close());
      brokers.push(broker);
    }
    return new TwoSides(dir, network, brokers, stack.move());
  }

  /** Start a node on one side; under another name it is a copy, with the same keys and a folder of its own. */
  async start(of: string, side: 0 | 1, name = of): Promise<NodeProcess> {
    const child = this.spawn(of, side, await this.#copyOf(of, name));
    this.#stack.defer(async () => {
      child.signal('SIGKILL');
      await child.ended;
    });
    await child.ready;
    return child;
  }

  /** The same without waiting for it. */
  spawn(of: string, side: 0 | 1, node: PlannedNode = this.#planned(of)): NodeProcess {
    const { url = '', ws_url = '' } = this.#brokers[side] ?? {};
    return startNodeProcess({ node, dir: this.dir, genesis_path: this.network.genesis_path, url, ws_url });
  }

  /** From now on the other side hears what this validator says, and may ask it for blocks. */
  async carryOver(name: string, from: 0 | 1): Promise<void> {
    const signer = await readKeyFile(keyPath(this.dir, name));
    const [here, there] = await Promise.all(
      [from, 1 - from].map((side) => connectBus({ url: this.#brokers[side]?.url ?? '', signer, ...quiet })),
    );
    if (here === undefined || there === undefined) throw new Error('there are two sides');
    this.#stack.defer(() => here.close());
    this.#stack.defer(() => there.close());
    here.subscribe(`cs.v1.*.*.*.${signer.id}`, (said) => there.cast(said.subject, said.data));
    there.subscribe(subject.sync(signer.id), ({ data, respond }) => {
      const answered = here.request(subject.sync(signer.id), data, SYNC_TIMEOUT_MS);
      void answered.then((answer) => respond?.(answer)).catch(() => undefined);
    });
  }

  /** Evidence files that the node has left. */
  async evidenceOf(name: string): Promise<string[]> {
    const folder = nodeDir(this.dir, name);
    return (await readdir(folder)).filter((file) => file.startsWith('evidence-')).map((file) => join(folder, file));
  }

  close = (): Promise<void> => this.#stack.disposeAsync();

  #planned(name: string): PlannedNode {
    const node = this.network.nodes.find((one) => one.name === name);
    if (node === undefined) throw new RangeError(`no node is called ${name}`);
    return node;
  }

  /** Keys are copied with what stands beside them: a node that finds its key in use elsewhere would keep silent. */
  async #copyOf(of: string, name: string): Promise<PlannedNode> {
    const node = this.#planned(of);
    if (of === name) return node;
    const keys = join(this.dir, `keys-of-${name}`);
    await cp(join(this.dir, 'keys'), keys, { recursive: true });
    return { ...node, name, actors: node.actors.map(({ kind }) => ({ kind, key: join(keys, `${of}.seed`) })) };
  }
}
