// Who may not connect, publish or listen: refused by the broker itself, before any of our code runs.
import { connect as connectTcp } from 'node:net';
import { connect, type NatsConnection, PermissionViolationError, wsconnect } from '@nats-io/transport-node';
import { inboxOf } from '#runtime/bus/connection.ts';
import { connectBus } from '#runtime/bus/jetstream-bus.ts';
import type { Signer } from '#runtime/keys/ed25519.ts';
import { nkeyAuthenticator, nkeyOf } from '#runtime/keys/nkey.ts';
import type { Code } from '#schemas/wire/codes.ts';
import { subject } from '#schemas/wire/subjects.ts';
import { type Row, rows } from './refusal-row.ts';
import { type RefusalWorld, STRANGER } from './refusal-world.ts';

const TEN_MIB = 10 * 1_048_576;

/** The code with which a connection is refused. */
const connecting =
  (who: (world: RefusalWorld) => Signer) =>
  async (world: RefusalWorld): Promise<Code | null> => {
    try {
      const bus = await connectBus({ url: world.running.broker.url, signer: who(world), onRefused: () => undefined });
      await bus.close();
      return null;
    } catch (error) {
      return (error as { code: Code }).code;
    }
  };

/** BUS_NOT_AUTHORISED where the broker refuses what `act` does on this connection, and the connection lives on. */
async function refused(nats: NatsConnection, act: () => void): Promise<Code | null> {
  let code: Code | null = null;
  const follow = (async () => {
    for await (const status of nats.status())
      if (status.type === 'error' && status.error instanceof PermissionViolationError) code = 'BUS_NOT_AUTHORISED';
  })();
  act();
  await nats.flush(); // refusals come before the answer to this
  await nats.close();
  await follow;
  return code;
}

const asWorker = (act: (nats: NatsConnection, world: RefusalWorld) => void) => async (world: RefusalWorld) => {
  const worker = world.key('worker-ada-1');
  const nats = await connect({
    servers: world.running.broker.url,
    authenticator: nkeyAuthenticator(worker),
    inboxPrefix: inboxOf(worker.id),
  });
  return refused(nats, () => act(nats, world));
};
const asBrowser = (act: (nats: NatsConnection, world: RefusalWorld) => void) => async (world: RefusalWorld) => {
  const nats = await wsconnect({ servers: world.running.broker.ws_url });
  return refused(nats, () => act(nats, world));
};

/** Prove the key by hand, then send bytes that no client would; resolves when the broker has closed the connection. */
function byHand(world: RefusalWorld, name: string, bytes: Uint8Array): Promise<void> {
  const { id, sign } = world.key(name);
  const { hostname, port } = new URL(world.running.broker.url);
  return new Promise((resolve) => {
    const socket = connectTcp(Number(port), hostname);
    socket.on('error', () => undefined);
    socket.on('close', () => resolve());
    socket.once('data', (info) => {
      const { nonce } = JSON.parse(String(info).slice('INFO '.length)) as { nonce: string };
      const sig = Buffer.from(sign(Buffer.from(nonce))).toString('base64url');
      socket.write(
        `CONNECT ${JSON.stringify({ verbose: false, pedantic: false, nkey: nkeyOf(id), sig, protocol: 1 })}\r\n`,
      );
      socket.write(bytes);
    });
  });
}

const validator = (world: RefusalWorld): string => world.key('validator-1').id;
const other = (world: RefusalWorld): string => world.key('client').id;

const connections = rows('TCP', 'broker', [
  ['a worker whose key the broker does not know', 'BUS_NOT_AUTHORISED', connecting(() => STRANGER)],
  [
    'a known key, signed for by another one',
    'BUS_NOT_AUTHORISED',
    connecting((world) => ({ id: world.key('worker-ada-1').id, sign: STRANGER.sign })),
  ],
  [
    'a message of 10 MiB',
    'MESSAGE_TOO_LARGE',
    (world) =>
      byHand(
        world,
        'liar',
        Buffer.concat([
          Buffer.from(`PUB ${subject.transaction(world.key('liar').id)} ${TEN_MIB}\r\n`),
          Buffer.alloc(TEN_MIB),
        ]),
      ),
  ],
  ['bytes that are no NATS protocol', 'PROTOCOL_INVALID', (world) => byHand(world, 'liar', Buffer.from('HELLO\r\n'))],
]);

const subjects = rows('NATS, as a worker', 'broker', [
  [
    'publishing votes in a validator’s name',
    'BUS_NOT_AUTHORISED',
    asWorker((nats, world) => nats.publish(subject.consensus(1, 0, 'vote', validator(world)))),
  ],
  ['publishing blocks', 'BUS_NOT_AUTHORISED', asWorker((nats, world) => nats.publish(subject.block(validator(world))))],
  [
    'publishing transactions in another’s name',
    'BUS_NOT_AUTHORISED',
    asWorker((nats, world) => nats.publish(subject.transaction(other(world)))),
  ],
  [
    'publishing heartbeats in another’s name',
    'BUS_NOT_AUTHORISED',
    asWorker((nats, world) => nats.publish(subject.heartbeat(world.key('liar').id))),
  ],
  [
    'publishing mail in another’s name',
    'BUS_NOT_AUTHORISED',
    asWorker((nats, world) => nats.publish(subject.mailbox(validator(world), other(world)))),
  ],
  [
    'ordering a quarantine verb',
    'BUS_NOT_AUTHORISED',
    asWorker((nats, world) => nats.publish(subject.operator(other(world)))),
  ],
  ['deleting a stream', 'BUS_NOT_AUTHORISED', asWorker((nats) => nats.publish('$JS.API.STREAM.DELETE.MBOX'))],
  [
    'reading another’s mail',
    'BUS_NOT_AUTHORISED',
    asWorker((nats, world) => nats.subscribe(subject.mailboxOf(other(world)))),
  ],
  ['listening to votes', 'BUS_NOT_AUTHORISED', asWorker((nats) => nats.subscribe(subject.consensusAll))],
]);

const browsers = rows('WebSocket, as a browser', 'broker', [
  ['publishing on the feed', 'BUS_NOT_AUTHORISED', asBrowser((nats) => nats.publish(subject.feed))],
  [
    'publishing a transaction',
    'BUS_NOT_AUTHORISED',
    asBrowser((nats, world) => nats.publish(subject.transaction(other(world)))),
  ],
  ['listening to blocks', 'BUS_NOT_AUTHORISED', asBrowser((nats) => nats.subscribe(subject.blockAll))],
]);

export const BROKER_ROWS: readonly Row[] = [...connections, ...subjects, ...browsers];
