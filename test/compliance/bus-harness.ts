// One network with peers, over the real broker or in memory, with the same handles to hurt it.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBroker } from '#runtime/broker/broker.ts';
import type { Bus } from '#runtime/bus/bus.ts';
import { openConnection } from '#runtime/bus/connection.ts';
import { connectBus } from '#runtime/bus/jetstream-bus.ts';
import { MemoryBroker } from '#runtime/bus/memory-bus.ts';
import { provisionStreams } from '#runtime/bus/provision.ts';
import { type StreamName, streamConfig } from '#runtime/bus/streams.ts';
import { type Signer, signer } from '#runtime/keys/ed25519.ts';
import type { ActorKind } from '#schemas/wire/subjects.ts';

export type Peer = { readonly id: string; readonly bus: Bus };
type Peers<T extends readonly ActorKind[]> = { readonly [K in keyof T]: Peer };

export type Harness = {
  /** New actors of these kinds, connected. */
  join<T extends readonly ActorKind[]>(...kinds: T): Promise<Peers<T>>;
  kill(): Promise<void>;
  restart(): Promise<void>;
  loseStream(name: StreamName): Promise<void>;
  /** Bounds and empties a stream; the answer gives it its size again. */
  shrinkStream(name: StreamName, max_bytes: number): Promise<() => Promise<void>>;
  stop(): Promise<void>;
};

export const newSigner = (): Signer => signer(randomBytes(32));

export async function startMemory(): Promise<Harness> {
  const broker = new MemoryBroker();
  const join = (...kinds: readonly ActorKind[]) =>
    Promise.resolve(kinds.map(() => newSigner().id).map((id) => ({ id, bus: broker.connect(id) })));
  return {
    join: join as Harness['join'],
    kill: async () => broker.stop(),
    restart: async () => broker.start(),
    loseStream: async (name) => broker.streams.lose(name),
    shrinkStream: async (name, max_bytes) => {
      const before = broker.streams.max_bytes;
      broker.streams.lose(name);
      broker.streams.max_bytes = max_bytes;
      return async () => void (broker.streams.max_bytes = before);
    },
    stop: async () => undefined,
  };
}

export async function startJetStream(): Promise<Harness> {
  const dir = await mkdtemp(join(tmpdir(), 'sortition-bus-'));
  const provisioner = newSigner();
  const users: { id: string; kind: ActorKind }[] = [];
  const broker = await startBroker({ dir, users, provisioner: provisioner.id });
  const onRefused = (error: Error): never => {
    throw error;
  };
  const operator = { url: broker.url, signer: provisioner, onRefused };
  const streams = await provisionStreams(operator);
  const { nats } = await openConnection(operator);
  const order = (verb: string, name: StreamName, body: object = {}) =>
    nats.request(`$JS.API.STREAM.${verb}.${name}`, JSON.stringify(body));
  const open: { close(): Promise<void> }[] = [streams, { close: () => nats.close() }];
  return {
    async join<T extends readonly ActorKind[]>(...kinds: T) {
      const seats = kinds.map((kind) => ({ kind, signer: newSigner() }));
      users.push(...seats.map((seat) => ({ id: seat.signer.id, kind: seat.kind })));
      await broker.reload(users);
      const peers = await Promise.all(
        seats.map(async (seat) => ({
          id: seat.signer.id,
          bus: await connectBus({ url: broker.url, signer: seat.signer, onRefused }),
        })),
      );
      open.push(...peers.map((peer) => peer.bus));
      return peers as unknown as Peers<T>;
    },
    kill: () => broker.kill('SIGKILL'),
    restart: () => broker.restart(),
    loseStream: async (name) => void (await order('DELETE', name)),
    async shrinkStream(name, max_bytes) {
      await order('PURGE', name);
      await order('UPDATE', name, { ...streamConfig(name), max_bytes });
      return async () => void (await order('UPDATE', name, streamConfig(name)));
    },
    async stop() {
      await Promise.all(open.map((one) => one.close()));
      await broker.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
