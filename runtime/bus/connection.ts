// One NATS connection that authenticates as an actor, comes back for ever, and says when.
import { setTimeout as delay } from 'node:timers/promises';
import { AuthorizationError, connect, type NatsConnection, PermissionViolationError } from '@nats-io/transport-node';
import type { Signer } from '../keys/ed25519.ts';
import { nkeyAuthenticator } from '../keys/nkey.ts';
import { BusError } from './bus-error.ts';

/** Answers to the actor's own requests arrive under this prefix and nowhere else: the broker lets nobody else hear it. */
export const inboxOf = (id: string): string => `_INBOX.${id}`;

export type ConnectionOptions = {
  /** Of the broker; of all its servers where it has several, with commas between. */
  readonly url: string;
  /** The actor's key: the broker authenticates the same key that signs its messages. */
  readonly signer: Signer;
  /** The broker refused a subject: this key is of the wrong kind for it, and repeating will not help. */
  readonly onRefused: (error: BusError) => void;
};

/** Wait before attempt n: doubles from 50 ms to 2 s, each drawn anew from its upper half, so that 10,000 do not come at once. */
const FIRST_DELAY_MS = 50;
const MAX_DELAY_MS = 2_000;
const backoff_ms = (attempt: number): number =>
  Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt) * (0.5 + Math.random() / 2);
/**
 * Time for a handshake, ms, on both sides. After a restart 10,000 actors prove their keys at once, which keeps a broker busy for several
 * seconds: with less time than that they give up halfway, come again, and the broker never gets through (measured, ADR 0006).
 */
export const HANDSHAKE_MS = 30_000;
/** A broker that answers two of these in a row with silence is taken to be gone, though its socket stands. */
const PING_MS = 10_000;
/** How long the first connection is tried: a broker and its nodes start together; after that the address is taken to be wrong. */
const FIRST_CONNECT_MS = 10_000;

export type Connection = {
  readonly nats: NatsConnection;
  /** Whether what is written now goes out now; the client would hold it in memory without bound otherwise. */
  isConnected(): boolean;
  onReconnect(listener: () => void): void;
};

/** @throws BusError BUS_NOT_AUTHORISED (unknown key) | BUS_UNAVAILABLE (no broker for ten seconds) */
export async function openConnection(options: ConnectionOptions): Promise<Connection> {
  let attempts = 0;
  const nats = await firstConnect(options, () => backoff_ms(attempts++));
  const listeners: (() => void)[] = [];
  let isConnected = true;
  const follow = async (): Promise<void> => {
    for await (const status of nats.status()) {
      if (status.type === 'disconnect') isConnected = false;
      if (status.type === 'error') reportRefusal(status.error, options.onRefused);
      if (status.type !== 'reconnect') continue;
      attempts = 0;
      isConnected = true;
      for (const listener of listeners) listener();
    }
    isConnected = false;
  };
  void follow();
  return {
    nats,
    isConnected: () => isConnected && !nats.isClosed(),
    onReconnect: (listener) => void listeners.push(listener),
  };
}

async function firstConnect(
  { url, signer }: ConnectionOptions,
  reconnectDelayHandler: () => number,
): Promise<NatsConnection> {
  for (const deadline_ms = performance.now() + FIRST_CONNECT_MS; ; ) {
    try {
      return await connect({
        servers: url.split(','),
        authenticator: nkeyAuthenticator(signer),
        inboxPrefix: inboxOf(signer.id),
        timeout: HANDSHAKE_MS,
        pingInterval: PING_MS,
        maxReconnectAttempts: -1,
        ignoreAuthErrorAbort: true,
        noAsyncTraces: true,
        reconnectDelayHandler,
      });
    } catch (cause) {
      if (cause instanceof AuthorizationError) throw new BusError('BUS_NOT_AUTHORISED', url, signer.id, { cause });
      if (performance.now() > deadline_ms) throw new BusError('BUS_UNAVAILABLE', url, 'no broker answers', { cause });
      await delay(reconnectDelayHandler());
    }
  }
}

function reportRefusal(error: Error, onRefused: (error: BusError) => void): void {
  if (error instanceof PermissionViolationError)
    onRefused(new BusError('BUS_NOT_AUTHORISED', error.subject, error.operation));
}
