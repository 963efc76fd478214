// A running broker with streams, and actors that join it over bare connections.
import { mkdtemp, rm } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { type Broker, startBroker } from '#runtime/broker/broker.ts';
import { inboxOf } from '#runtime/bus/connection.ts';
import { provisionStreams } from '#runtime/bus/provision.ts';
import type { Signer } from '#runtime/keys/ed25519.ts';
import { nkeyAuthenticator } from '#runtime/keys/nkey.ts';
import type { ActorKind } from '#schemas/wire/subjects.ts';
import { newSigner } from '../compliance/bus-harness.ts';

export type TestNetwork = {
  readonly broker: Broker;
  /** The web origin whose pages may connect. */
  readonly origin: string;
  /** Admits a new actor and connects it; the test closes the connection. */
  join(kind: ActorKind): Promise<{ readonly id: string; readonly signer: Signer; readonly nats: NatsConnection }>;
  /** HTTP status of a WebSocket handshake from a page of this origin. */
  upgradeStatus(origin: string): Promise<number>;
  stop(): Promise<void>;
};

export async function startNetwork(): Promise<TestNetwork> {
  const dir = await mkdtemp(join(tmpdir(), 'sortition-broker-'));
  const provisioner = newSigner();
  const users: { id: string; kind: ActorKind }[] = [];
  const origin = 'http://127.0.0.1:8080';
  const broker = await startBroker({ dir, users, provisioner: provisioner.id, origins: [origin] });
  const onRefused = (error: Error): never => {
    throw error;
  };
  const streams = await provisionStreams({ url: broker.url, signer: provisioner, onRefused });
  return {
    broker,
    origin,
    async join(kind) {
      const signer = newSigner();
      users.push({ id: signer.id, kind });
      await broker.reload(users);
      const nats = await connect({
        servers: broker.url,
        authenticator: nkeyAuthenticator(signer),
        inboxPrefix: inboxOf(signer.id),
      });
      return { id: signer.id, signer, nats };
    },
    upgradeStatus: (from) => upgradeStatus(broker.ws_url.replace('ws:', 'http:'), from),
    async stop() {
      await streams.close();
      await broker.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function upgradeStatus(url: string, origin: string): Promise<number> {
  const headers = {
    Origin: origin,
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==', // RFC 6455 §1.3
  };
  return new Promise((resolve, reject) => {
    const request = get(url, { headers });
    request.once('upgrade', (response, socket) => {
      socket.destroy();
      resolve(response.statusCode ?? 0);
    });
    request.once('response', (response) => resolve(response.resume().statusCode ?? 0));
    request.once('error', reject);
  });
}
