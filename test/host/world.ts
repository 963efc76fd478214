// Nodes, a broker and a clock in one process, with handles to crash, forget and go back in time.
import { createHash } from 'node:crypto';
import type { ActorDefinition } from '#actors/host.ts';
import type { Bus } from '#runtime/bus/bus.ts';
import { MemoryBroker } from '#runtime/bus/memory-bus.ts';
import { seal } from '#runtime/host/envelopes.ts';
import { createHost } from '#runtime/host/host.ts';
import type { Clock, Host, HostOptions, IoPort } from '#runtime/host/ports.ts';
import { type Signer, signer } from '#runtime/keys/ed25519.ts';
import { createLog } from '#runtime/observe/log.ts';
import { createMetrics } from '#runtime/observe/metrics.ts';
import { MemoryDisk, openMemoryStore, type WriteFault } from '#runtime/store/memory-store.ts';
import type { StoreOp } from '#runtime/store/store.ts';
import type { EnvelopeItem } from '#schemas/wire/envelope.ts';
import { encode } from '#schemas/wire/msgpack.ts';
import { subject } from '#schemas/wire/subjects.ts';
import { type ProbeData, probe } from './probe.ts';

export const CHAIN = 'c'.repeat(64);

/** The same keys in every run. */
export const signerOf = (name: string): Signer => signer(createHash('sha256').update(name).digest());

/** A path among four on which mail goes both ways: it carries acknowledgements, and the broker repeats old ones to who restarts. */
export const thereAndBack = (actors: readonly { readonly id: string }[]): string[] =>
  [0, 2, 0, 3, 1, 2, 1, 3].map((index) => actors[index]?.id ?? '');

/** A clock that moves when it is told to. */
export class TestClock implements Clock {
  #now_ms = 1_800_000_000_000;
  readonly #timers = new Set<{ readonly at_ms: number; readonly fire: () => void }>();

  now_ms(): number {
    return this.#now_ms;
  }
  setTimer(delay_ms: number, fire: () => void): () => void {
    const timer = { at_ms: this.#now_ms + delay_ms, fire };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }
  advance(by_ms: number): void {
    this.#now_ms += by_ms;
    for (const timer of this.#timers) {
      if (timer.at_ms > this.#now_ms) continue;
      this.#timers.delete(timer);
      timer.fire();
    }
  }
}

export type NodeOptions = {
  readonly actors?: readonly Signer[];
  readonly definition?: ActorDefinition;
  readonly disk?: MemoryDisk;
  readonly echo?: IoPort;
  readonly fault?: (ops: readonly StoreOp[]) => WriteFault | undefined;
  readonly clock?: Clock;
  /** In place of the bus's own. */
  readonly publish?: Bus['publish'];
};

/** Asks for a thing until it is so; fails loudly instead of hanging. */
const MAX_ROUNDS = 200_000;

export class World {
  readonly broker = new MemoryBroker();
  readonly clock = new TestClock();
  readonly ledger = { nextNonces: new Map<string, number>(), at: 0 };

  /** A host over `disk`; the same disk again is the same node after a restart. */
  async node(options: NodeOptions): Promise<TestNode> {
    const node = new TestNode(this, options);
    await node.start();
    return node;
  }

  async until(isSo: () => boolean | Promise<boolean>, step_ms = 5): Promise<void> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      if (await isSo()) return;
      await new Promise((resolve) => setImmediate(resolve));
      this.clock.advance(step_ms);
    }
    throw new Error('it never came to be');
  }

  /** Let everything that is under way arrive. */
  async pass(ms: number): Promise<void> {
    const end_ms = this.clock.now_ms() + ms;
    await this.until(() => this.clock.now_ms() >= end_ms);
  }
}

export class TestNode {
  readonly disk: MemoryDisk;
  readonly host: Host;
  readonly failures: unknown[] = [];
  readonly #actors: readonly Signer[];
  readonly #bus: readonly { close(): Promise<void> }[];
  #isKilled = false;

  constructor(world: World, options: NodeOptions) {
    this.disk = options.disk ?? new MemoryDisk();
    this.#actors = options.actors ?? [];
    const seats = this.#actors.map(({ id, sign }) => ({
      definition: options.definition ?? probe,
      id,
      sign,
      bus: this.#connect(world, id, options),
    }));
    this.#bus = seats.map((seat) => seat.bus);
    const hostOptions: HostOptions = {
      store: openMemoryStore(this.disk, (ops) => (this.#isKilled ? 'lost' : options.fault?.(ops))),
      clock: options.clock ?? world.clock,
      chain: CHAIN,
      actors: seats,
      ports: { echo: options.echo ?? (async (_request, { key }) => `echo of ${key}`) },
      ledger: {
        height: () => world.ledger.at,
        nextNonce: (account) => world.ledger.nextNonces.get(account) ?? 0,
        feeUnits: () => 1n,
      },
      log: createLog('test', 'silent'),
      metrics: createMetrics(),
      onFailure: (error) => this.failures.push(error),
    };
    this.host = createHost(hostOptions);
  }

  async start(): Promise<void> {
    await this.host.start();
  }

  #connect(world: World, id: string, { publish }: NodeOptions): Bus {
    const bus = world.broker.connect(id);
    if (publish !== undefined) bus.publish = publish;
    return bus;
  }

  /** The process is gone: nothing more is heard, said or written. */
  async kill(): Promise<void> {
    this.#isKilled = true;
    await Promise.all(this.#bus.map((bus) => bus.close()));
    await this.host.drain().catch(() => undefined);
  }

  async drain(): Promise<void> {
    await this.host.drain();
    await Promise.all(this.#bus.map((bus) => bus.close()));
  }

  async data(actor: Signer): Promise<ProbeData> {
    const { context } = await this.host.inspect(actor.id);
    return (context as { d: ProbeData }).d;
  }

  /** Sum over this node's actors. */
  async sum(of: (data: ProbeData) => number): Promise<number> {
    let sum = 0;
    for (const actor of this.#actors) sum += of(await this.data(actor));
    return sum;
  }
}

/** A peer without a host: it numbers, signs and sends what a test tells it to. */
export class Outsider {
  readonly signer: Signer;
  readonly #clock: Clock;
  readonly #counters = new Map<string, number>();
  readonly #bus: ReturnType<MemoryBroker['connect']>;

  constructor(world: World, name: string, clock: Clock = world.clock) {
    this.signer = signerOf(name);
    this.#clock = clock;
    this.#bus = world.broker.connect(this.signer.id);
  }

  /** The next message in the receiver's order. */
  item(to: Signer, body: unknown, kind = 'test.order.v1'): EnvelopeItem {
    const counter = (this.#counters.get(to.id) ?? 0) + 1;
    this.#counters.set(to.id, counter);
    return { kind, to: to.id, counter, body: encode(body) };
  }

  envelope(items: readonly EnvelopeItem[], trace = ''): Uint8Array {
    return seal({ chain: CHAIN, ...this.signer }, this.#clock.now_ms(), trace, items);
  }

  send(to: Signer, data: Uint8Array): void {
    void this.#bus.publish(subject.mailbox(to.id, this.signer.id), data).catch(() => undefined);
  }

  order(to: Signer, ...bodies: readonly unknown[]): void {
    this.send(to, this.envelope(bodies.map((body) => this.item(to, body))));
  }
}
