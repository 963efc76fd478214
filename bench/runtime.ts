// How many signed, exactly-once events a host applies in a second on one core: two actors pass tokens to and fro.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { enqueueActions, setup } from 'xstate';
import { z } from 'zod';
import type { ActorDefinition, Effect, HostEvent } from '#actors/host.ts';
import { startBroker } from '#runtime/broker/broker.ts';
import type { Bus } from '#runtime/bus/bus.ts';
import { connectBus } from '#runtime/bus/jetstream-bus.ts';
import { MemoryBroker } from '#runtime/bus/memory-bus.ts';
import { provisionStreams } from '#runtime/bus/provision.ts';
import { seal } from '#runtime/host/envelopes.ts';
import { createHost } from '#runtime/host/host.ts';
import type { Host } from '#runtime/host/ports.ts';
import { type Signer, signer } from '#runtime/keys/ed25519.ts';
import { createLog } from '#runtime/observe/log.ts';
import { createMetrics } from '#runtime/observe/metrics.ts';
import { openRocksStore } from '#runtime/store/rocks-store.ts';
import { encode } from '#schemas/wire/msgpack.ts';
import { subject } from '#schemas/wire/subjects.ts';

/** Tokens under way at once: CPU an event falls with them, since they share envelopes, signatures and syncs. */
const TOKENS = 8_000;
/** Tokens that one envelope of the bench brings in. */
const MINT_SIZE = 1_000;
/** Before measuring, ms: the compiler warms up. */
const WARM_UP_MS = 2_000;
const MEASURE_MS = 5_000;
const CHAIN = 'b'.repeat(64);

const TokenV1 = z.strictObject({ id: z.int(), hops: z.int() });
const RelayContext = z.strictObject({ d: z.strictObject({ received_count: z.int() }) });

const relayMachine = setup({
  types: {
    input: {} as { id: string },
    context: {} as z.infer<typeof RelayContext>,
    events: {} as HostEvent,
    emitted: {} as Effect,
  },
  actions: {
    relay: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'message') return;
      const token = event.body as z.infer<typeof TokenV1>;
      enqueue.assign({ d: { received_count: context.d.received_count + 1 } });
      enqueue.emit({ type: 'send', to: event.from, kind: event.kind, body: { id: token.id, hops: token.hops + 1 } });
    }),
  },
}).createMachine({ id: 'relay', context: { d: { received_count: 0 } }, on: { message: { actions: 'relay' } } });

const relay: ActorDefinition = {
  kind: 'client',
  machine: relayMachine,
  snapshot: { version: 1, context: RelayContext },
  hears: { 'bench.token.v1': TokenV1 },
  concerns: () => [],
  ports: [],
};

/** Connections of two actors, and how to end what is behind them. */
type Wiring = { readonly connect: (who: Signer) => Promise<Bus>; readonly close: () => Promise<void> };

type Figure = { readonly value: number; readonly unit: string };
type Rate = { readonly events_per_second: number; readonly cpu_us_per_event: number };

/**
 * Over JetStream and over the in-memory bus; RocksDB with synced batches under both. Events per second fall when others use the
 * machine; CPU an event (of this process, the broker's not counted) hardly does.
 */
export async function benchRuntime(): Promise<Record<string, Figure>> {
  const seats = [signer(randomBytes(32)), signer(randomBytes(32))] as const;
  const real = await measure(seats, await jetStream(seats));
  const inMemory = await measure(seats, memory());
  return {
    events_per_second: { value: real.events_per_second, unit: 'events/s' },
    events_per_second_memory_bus: { value: inMemory.events_per_second, unit: 'events/s' },
    cpu_us_per_event: { value: real.cpu_us_per_event, unit: 'µs' },
    cpu_us_per_event_memory_bus: { value: inMemory.cpu_us_per_event, unit: 'µs' },
  };
}

function memory(): Wiring {
  const broker = new MemoryBroker();
  return { connect: async ({ id }) => broker.connect(id), close: async () => {} };
}

async function jetStream(seats: readonly Signer[]): Promise<Wiring> {
  const dir = await mkdtemp(join(tmpdir(), 'bench-broker-'));
  const provisioner = signer(randomBytes(32));
  const broker = await startBroker({
    dir,
    users: seats.map(({ id }) => ({ id, kind: 'client' })),
    provisioner: provisioner.id,
  });
  const onRefused = (error: Error): never => {
    throw error;
  };
  const streams = await provisionStreams({ url: broker.url, signer: provisioner, onRefused });
  return {
    connect: (who) => connectBus({ url: broker.url, signer: who, onRefused }),
    close: async () => {
      await streams.close();
      await broker.stop();
      await rm(dir, { recursive: true });
    },
  };
}

async function measure([a, b]: readonly [Signer, Signer], wiring: Wiring): Promise<Rate> {
  const dir = await mkdtemp(join(tmpdir(), 'bench-store-'));
  const store = await openRocksStore(dir);
  const seats = [
    { signer: a, bus: await wiring.connect(a) },
    { signer: b, bus: await wiring.connect(b) },
  ] as const;
  const host = createHost({
    store,
    clock: { now_ms: Date.now, setTimer },
    chain: CHAIN,
    actors: seats.map((seat) => ({ definition: relay, id: seat.signer.id, sign: seat.signer.sign, bus: seat.bus })),
    ports: {},
    ledger: { height: () => 0, nextNonce: () => 0, feeUnits: () => 0n },
    log: createLog('bench', 'warn'),
    metrics: createMetrics(),
    onFailure: (error) => {
      throw error;
    },
  });
  await host.start();
  await mint(a, b.id, seats[0].bus);
  await pause(WARM_UP_MS);
  const rate = await rateOf(host, [a.id, b.id]);
  await host.drain();
  await Promise.all(seats.map((seat) => seat.bus.close()));
  await store.close();
  await wiring.close();
  await rm(dir, { recursive: true });
  return rate;
}

/** Tokens that `from` seems to have sent: its host refuses the acknowledgements of messages that it never gave a number. */
async function mint(from: Signer, to: string, bus: Bus): Promise<void> {
  for (let first = 0; first < TOKENS; first += MINT_SIZE) {
    const items = Array.from({ length: MINT_SIZE }, (_, index) => {
      const id = first + index;
      return { kind: 'bench.token.v1', to, counter: id + 1, body: encode({ id, hops: 0 }) };
    });
    await bus.publish(subject.mailbox(to, from.id), seal({ chain: CHAIN, ...from }, Date.now(), '', items));
  }
}

async function rateOf(host: Host, ids: readonly string[]): Promise<Rate> {
  const [began_ms, cpu, before] = [performance.now(), process.cpuUsage(), await receivedBy(host, ids)];
  await pause(MEASURE_MS);
  const { user, system } = process.cpuUsage(cpu);
  const events_count = (await receivedBy(host, ids)) - before;
  const seconds = (performance.now() - began_ms) / 1_000;
  return {
    events_per_second: Math.round(events_count / seconds),
    cpu_us_per_event: Math.round((10 * (user + system)) / events_count) / 10,
  };
}

async function receivedBy(host: Host, ids: readonly string[]): Promise<number> {
  const inspections = await Promise.all(ids.map((id) => host.inspect(id)));
  return inspections.reduce((sum, { context }) => sum + RelayContext.parse(context).d.received_count, 0);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function setTimer(delay_ms: number, fire: () => void): () => void {
  const timer = setTimeout(fire, delay_ms);
  return () => clearTimeout(timer);
}
