// A network for the console to show: the test world in real time, a real broker, a gateway with the built pages, and a path that can die.
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'vite';
import { recordCid } from '#machines/settlement/record-encoding.ts';
import { recordOf } from '#machines/settlement/record-rules.ts';
import { type Broker, startBroker } from '#runtime/broker/broker.ts';
import { connectBus } from '#runtime/bus/jetstream-bus.ts';
import { signer } from '#runtime/keys/ed25519.ts';
import { encodeEvidence } from '#schemas/consensus/evidence-codec.ts';
import { u128 } from '#schemas/wire/fields.ts';
import { SeenWorld, signVote } from '../gateway/seen-world.ts';
import { type Served, serveGateway } from '../gateway/served.ts';
import { ARCHIVER, CLIENT, id, SHUFFLER, sha256, VALIDATORS, WORKERS } from '../settlement/world/chain.ts';
import { type Behaviour, react } from '../settlement/world/nodes.ts';

export const GATEWAY = signer(new Uint8Array(32).fill(7));
/** May publish on the feed as well, but is not the gateway that serves the page. */
export const OTHER_GATEWAY = signer(new Uint8Array(32).fill(8));

const BLOCK_MS = 80;
const LIAR = WORKERS[4] ?? '';
/** Everybody computes 256 sub-units, as the Collatz kernel wants; one fakes them all. */
const BEHAVIOURS: ReadonlyMap<string, Behaviour> = new Map(
  WORKERS.map((worker) => [
    worker,
    { sub_units: 256, lies: worker === LIAR ? Array.from({ length: 256 }, (_, i) => i) : [] },
  ]),
);

export type ConsoleNetwork = {
  readonly url: string;
  readonly world: SeenWorld;
  readonly broker: Broker;
  readonly path: DeadablePath;
  /** Folder of the built console. */
  readonly web_dir: string;
  close(): Promise<void>;
};

export async function startConsoleNetwork(): Promise<ConsoleNetwork> {
  const dir = await mkdtemp(join(tmpdir(), 'sortition-console-'));
  const web_dir = join(dir, 'web');
  await build({ configFile: 'web/vite.config.ts', logLevel: 'warn', build: { outDir: web_dir } });
  const users = [GATEWAY, OTHER_GATEWAY].map(({ id: user }) => ({ id: user, kind: 'gateway' as const }));
  const broker = await startBroker({ dir, users });
  const path = await openPath(broker.ws_url);
  const bus = await connectBus({ url: broker.url, signer: GATEWAY, onRefused: () => undefined });
  const world = liveWorld();
  const served: Served = await serveGateway({ world, bus, signer: GATEWAY, ws_url: path.url, web_dir });
  const draining = new AbortController();
  const feed = served.gateway.feed(null, { key: 'feed:1', actor: GATEWAY.id, signal: draining.signal });
  const stopWorld = runWorld(world);
  return {
    url: served.url,
    world,
    broker,
    path,
    web_dir,
    async close() {
      stopWorld();
      draining.abort();
      await feed;
      await served.close();
      await bus.close();
      await path.close();
      await broker.stop();
      await rm(dir, { recursive: true });
    },
  };
}

/** A world that is a while old: one finished job, a second one running, somebody refused, somebody caught. */
function liveWorld(): SeenWorld {
  const world = new SeenWorld({ params: { open_units_per_worker: 2 } });
  world.time_ms = Date.now();
  world.finality_ms = (height) => 12 + ((height * 7919) % 9) + (height % 17 === 0 ? 14 : 0);
  return world;
}

/** Blocks in real time, by nodes that react; one worker lies, one client overspends, one validator votes twice. */
function runWorld(world: SeenWorld): () => void {
  let last = world.block(1);
  submit(world, 24, 'first');
  const timer = setInterval(() => {
    const height = world.ledger.height();
    if (height % 100 === 1) world.heartbeats(WORKERS);
    if (height === 40) submit(world, 1_000, 'second');
    if (height === 45) misbehave(world);
    react(world, last, BEHAVIOURS);
    for (const event of last.events) if (event.type === 'settlement.closed') archive(world, event.seq);
    last = world.block(Math.max(1, Date.now() - world.time_ms));
  }, BLOCK_MS);
  return () => clearInterval(timer);
}

function submit(world: SeenWorld, units: number, key: string): void {
  const start = u128(2n ** 71n + (key === 'first' ? 0n : 24n * 2n ** 30n));
  world.send(CLIENT, {
    type: 'job.submit',
    idempotency_key: key,
    kernel: 'collatz/v1',
    start,
    unit_log2: 30,
    units,
    reward_per_unit_units: 100n,
  });
}

function misbehave(world: SeenWorld): void {
  world.send(CLIENT, { type: 'transfer', to: id('friend'), asset: 'credit', amount_units: 10n ** 12n });
  const vote = { type: 'prevote', epoch: 0, height: 44, round: 0, valid_round: -1, validator: 3 } as const;
  const [a, b] = ['aa', 'bb'].map((byte) => signVote(VALIDATORS[3] ?? '', { ...vote, value: byte.repeat(32) }));
  if (a && b) world.send(SHUFFLER, { type: 'evidence', ...encodeEvidence({ type: 'double_vote', a, b }) });
}

function archive(world: SeenWorld, seq: number): void {
  const row = world.ledger.settlement(seq);
  if (row === undefined) return;
  const prev = world.ledger.settlement(seq - 1)?.cid ?? null;
  const cid = recordCid(recordOf(row, world.genesis.network, prev), sha256);
  world.send(ARCHIVER, { type: 'settlement.archived', seq, cid, log_root: row.state_root });
}

/** A way to the broker whose connections can fall silent without being closed, as when a laptop changes networks. */
export type DeadablePath = { readonly url: string; kill(): void; close(): Promise<void> };

async function openPath(ws_url: string): Promise<DeadablePath> {
  const target = Number(new URL(ws_url).port);
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connectTcp(target, '127.0.0.1');
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    kill() {
      for (const socket of sockets) {
        socket.unpipe();
        socket.removeAllListeners('close');
        // Read on and throw away: the other end sees its bytes taken and no answer.
        socket.resume();
      }
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
