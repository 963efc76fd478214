// Two nodes in processes of their own, over RocksDB and a real nats-server, between which tokens wander; to be killed at will.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Broker, startBroker } from '#runtime/broker/broker.ts';
import type { Bus } from '#runtime/bus/bus.ts';
import { connectBus } from '#runtime/bus/jetstream-bus.ts';
import { provisionStreams } from '#runtime/bus/provision.ts';
import { seal } from '#runtime/host/envelopes.ts';
import { encode } from '#schemas/wire/msgpack.ts';
import { subject } from '#schemas/wire/subjects.ts';
import type { NodeArguments, NodeReport } from './node-process.ts';
import { CHAIN, signerOf, thereAndBack } from './world.ts';

const PROGRAM = new URL('./node-process.ts', import.meta.url);
const NODES = [
  ['a', 'b'],
  ['c', 'd'],
] as const;
const actors = NODES.flat().map(signerOf);
const minter = signerOf('minter');
/** How long a network may take to come to rest when nobody hurts it any more, ms. */
const REST_MS = 60_000;

const onRefused = (error: Error): never => {
  throw error;
};

export class RealNetwork {
  readonly #dir: string;
  readonly #broker: Broker;
  readonly #bus: Bus;
  readonly #nodes: ChildProcess[] = [];
  readonly #streams: { close(): Promise<void> };

  private constructor(dir: string, broker: Broker, bus: Bus, streams: { close(): Promise<void> }) {
    this.#dir = dir;
    this.#broker = broker;
    this.#bus = bus;
    this.#streams = streams;
  }

  static async start(): Promise<RealNetwork> {
    const dir = await mkdtemp(join(tmpdir(), 'real-network-'));
    const provisioner = signerOf('provisioner');
    const users = [...actors, minter].map(({ id }) => ({ id, kind: 'client' as const }));
    const broker = await startBroker({ dir: join(dir, 'broker'), users, provisioner: provisioner.id });
    const streams = await provisionStreams({ url: broker.url, signer: provisioner, onRefused });
    const bus = await connectBus({ url: broker.url, signer: minter, onRefused });
    const network = new RealNetwork(dir, broker, bus, streams);
    await Promise.all(NODES.map((_names, at) => network.#spawn(at)));
    return network;
  }

  /** Bring `count` tokens into the world; each is received `hops + 1` times. */
  async mint(count: number, hops: number): Promise<void> {
    const [first] = actors;
    if (first === undefined) return;
    const body = encode({ do: 'mint', amount: 10, hops, count, path: thereAndBack(actors) });
    const item = { kind: 'test.order.v1', to: first.id, counter: 1, body };
    await this.#bus.publish(
      subject.mailbox(first.id, minter.id),
      seal({ chain: CHAIN, ...minter }, Date.now(), '', [item]),
    );
  }

  /** kill −9, and start it again on the same database. */
  async kill(at: number): Promise<void> {
    const node = this.#nodes[at];
    node?.kill('SIGKILL');
    if (node !== undefined) await once(node, 'exit');
    await this.#spawn(at);
  }

  async killBroker(): Promise<void> {
    await this.#broker.kill('SIGKILL');
    await this.#broker.restart();
  }

  /** A copy of what the broker has on disk now. */
  async backUpBroker(): Promise<void> {
    await this.#broker.kill('SIGTERM');
    await rm(this.#backup, { recursive: true, force: true });
    await cp(this.#streamsDir, this.#backup, { recursive: true });
    await this.#broker.restart();
  }

  /** The broker goes back to the copy: it has forgotten what it confirmed since. */
  async rollBackBroker(): Promise<void> {
    await this.#broker.kill('SIGKILL');
    await rm(this.#streamsDir, { recursive: true });
    await cp(this.#backup, this.#streamsDir, { recursive: true });
    await this.#broker.restart();
  }

  async total(): Promise<NodeReport> {
    const reports = await Promise.all(this.#nodes.map(ask));
    return reports.reduce((sum, one) => ({
      received_count: sum.received_count + one.received_count,
      balance: sum.balance + one.balance,
    }));
  }

  /** Wait until `count` tokens were received, then long enough for one too many to show. */
  async rest(count: number): Promise<NodeReport> {
    const deadline_ms = Date.now() + REST_MS;
    while ((await this.total()).received_count < count && Date.now() < deadline_ms) await delay(100);
    await delay(1_500);
    return this.total();
  }

  async stop(): Promise<void> {
    for (const node of this.#nodes) node.kill('SIGKILL');
    await this.#bus.close();
    await this.#streams.close();
    await this.#broker.stop();
    await rm(this.#dir, { recursive: true });
  }

  get #streamsDir(): string {
    return join(this.#dir, 'broker', 'streams');
  }
  get #backup(): string {
    return join(this.#dir, 'backup');
  }

  async #spawn(at: number): Promise<void> {
    const args: NodeArguments = {
      url: this.#broker.url,
      dir: join(this.#dir, `node-${at}`),
      chain: CHAIN,
      names: NODES[at] ?? [],
    };
    const node = fork(PROGRAM, [JSON.stringify(args)], { stdio: 'inherit' });
    this.#nodes[at] = node;
    const [message] = await Promise.race([once(node, 'message'), once(node, 'exit')]);
    if (message !== 'ready') throw new Error(`node ${at} ended with ${String(message)}`);
  }
}

async function ask(node: ChildProcess): Promise<NodeReport> {
  node.send('report');
  const [report] = (await once(node, 'message')) as [NodeReport];
  return report;
}
