// Child of broker-scale.bench.ts: many workers of one process, each on its own connection, as if they were strangers' machines.
import { randomBytes } from 'node:crypto';
import type { Bus } from '#runtime/bus/bus.ts';
import { connectBus } from '#runtime/bus/jetstream-bus.ts';
import { type Signer, signer } from '#runtime/keys/ed25519.ts';
import { subject } from '#schemas/wire/subjects.ts';

/** Orders of the parent, each answered by a report of the same name. */
export type Order =
  | { readonly type: 'keys'; readonly count: number }
  | { readonly type: 'connect'; readonly url: string }
  | { readonly type: 'count' };
export type Report = {
  readonly type: string;
  readonly ids?: readonly string[];
  /** Since the last count: blocks and mail that arrived, and reconnects. */
  readonly blocks?: number;
  readonly mail?: number;
  readonly reconnects?: number;
};

const HEARTBEAT_MS = 10_000;
/** Size of a signed heartbeat, bytes. */
const HEARTBEAT = new Uint8Array(136);
const CONNECTING_AT_ONCE = 64;

let signers: Signer[] = [];
const counts = { blocks: 0, mail: 0, reconnects: 0 };

async function connectAll(url: string): Promise<void> {
  const waiting = [...signers];
  const lane = async (): Promise<void> => {
    for (let next = waiting.pop(); next; next = waiting.pop()) await start(next, url);
  };
  await Promise.all(Array.from({ length: CONNECTING_AT_ONCE }, lane));
}

async function start(key: Signer, url: string): Promise<void> {
  const onRefused = (error: Error): never => {
    throw error;
  };
  const bus = await connectBus({ url, signer: key, onRefused });
  bus.subscribe(subject.blockAll, () => counts.blocks++);
  bus.mailbox([key.id], () => counts.mail++);
  bus.onConnect(() => counts.reconnects++);
  setTimeout(() => beat(bus, key.id), Math.random() * HEARTBEAT_MS);
}

function beat(bus: Bus, id: string): void {
  bus.cast(subject.heartbeat(id), HEARTBEAT);
  setTimeout(() => beat(bus, id), HEARTBEAT_MS);
}

const report = (message: Report): void => void process.send?.(message);

process.on('message', (order: Order) => void obey(order));

async function obey(order: Order): Promise<void> {
  if (order.type === 'keys') {
    signers = Array.from({ length: order.count }, () => signer(randomBytes(32)));
    report({ type: 'keys', ids: signers.map((key) => key.id) });
  }
  if (order.type === 'connect') {
    await connectAll(order.url);
    report({ type: 'connect' });
  }
  if (order.type === 'count') {
    report({ type: 'count', ...counts });
    Object.assign(counts, { blocks: 0, mail: 0, reconnects: 0 });
  }
}
