// One connection to the broker, read-only and without a key: views that the gateway signed, until it ends. Loaded after the first paint.
import { wsconnect } from '@nats-io/nats-core';
import type { ConsoleView } from '#schemas/node/console.ts';
import { subject } from '#schemas/wire/subjects.ts';
import type { Network } from './feed.ts';
import { openSocket } from './socket.ts';
import { createVerifier } from './verify.ts';

/** A dead path is noticed after two and a half of these, ms. */
const PING_MS = 2_000;
const CONNECT_MS = 5_000;

/** Resolves or rejects when the connection ends. Reconnecting is the caller's: the address may have changed. */
export async function follow(network: Network, onView: (view: ConsoleView) => void): Promise<void> {
  const read = createVerifier(network);
  const nats = await wsconnect({
    servers: network.ws_url,
    reconnect: false,
    timeout: CONNECT_MS,
    pingInterval: PING_MS,
    ignoreServerUpdates: true,
    wsFactory: async (url: string) => ({ socket: openSocket(url), encrypted: url.startsWith('wss:') }),
  } as Parameters<typeof wsconnect>[0]);
  const listening = nats.subscribe(subject.feed, {
    callback: (error, message) => {
      if (error) return;
      void read(message.data).then((view) => view && onView(view));
    },
  });
  const end = await nats.closed();
  listening.unsubscribe();
  if (end) throw end;
}
