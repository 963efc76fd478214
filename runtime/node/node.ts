// One node: the actors of one process over one database, one connection each, one copy of the ledger, one HTTP address.
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { ActorDefinition } from '#actors/host.ts';
import { ACTORS } from '#actors/index.ts';
import type { TreelessLedger } from '#machines/settlement/ledger.ts';
import type { LedgerEvent } from '#schemas/settlement/state.ts';
import type { BusError } from '../bus/bus-error.ts';
import { connectBus } from '../bus/jetstream-bus.ts';
import { evidenceKeeper, refuseAfterFork } from '../consensus/evidence-folder.ts';
import { OwnShares } from '../consensus/own-shares.ts';
import { readBeaconShares } from '../consensus/share-file.ts';
import { concernsOf } from '../host/concerns.ts';
import { createHost } from '../host/host.ts';
import type { ActorSeat, Host } from '../host/ports.ts';
import { claimStore, noteBeside } from '../keys/claim-store.ts';
import { readEncryptionKey } from '../keys/encryption-key.ts';
import { readKeyFile } from '../keys/key-file.ts';
import { NetworkError } from '../network/network-error.ts';
import { type HttpServer, serveHttp } from '../observe/http.ts';
import { createLog, type Log } from '../observe/log.ts';
import { createMetrics, type Metrics } from '../observe/metrics.ts';
import { syncState } from '../snapshot/state-sync.ts';
import { openRocksStore } from '../store/rocks-store.ts';
import type { Store } from '../store/store.ts';
import { BlockBell } from './block-bell.ts';
import { BlockDelivery } from './block-delivery.ts';
import type { NodeContext, NodeOptions, SeatOptions } from './context.ts';
import { productionCrypto } from './crypto.ts';
import { standingOf, startHeartbeats } from './heartbeats.ts';
import { createKeygenPort } from './keygen-port.ts';
import { serveOperator } from './operator-service.ts';
import { createPorts, type NodePorts } from './ports.ts';
import type { ExecutedBlock } from './replica.ts';
import { openReplica, openTreelessReplica } from './replica.ts';
import { loadLedger } from './stored-ledger.ts';
import { systemClock } from './system-clock.ts';
import { trustedFrom } from './trusted-from.ts';
import { startValidatorSeat } from './validator-seat.ts';

export type Node = {
  readonly http_url: string;
  readonly host: Host;
  readonly ledger: TreelessLedger;
  /** Stop within two seconds, losing nothing. */
  drain(): Promise<void>;
};

/** @throws KeyError, BusError, StoreError, NetworkError, ConsensusError */
export async function startNode(options: NodeOptions): Promise<Node> {
  const { chain, dir } = options;
  await refuseAfterFork(dir);
  const log = createLog(options.name, options.log_level);
  const metrics = createMetrics();
  const store = await openRocksStore(join(dir, 'db'));
  await claimChain(store, chain.id, dir);
  const seats = await Promise.all(options.actors.map((seat) => connectSeat(seat, options.url, log, metrics)));
  const [first] = seats;
  if (first === undefined) throw new NetworkError('ACTOR_KIND_UNKNOWN', 'a node hosts at least one actor');
  const bell = new BlockBell();
  const started = { options, chain, store, clock: systemClock, log, metrics, seats, bus: first.bus, bell };
  const chainPart = await openChain(started);
  const context: NodeContext = { ...started, ledger: chainPart.ledger, provable: chainPart.provable };
  const ports = await createPorts(context, chainPart.ports);
  const host = createHost(hostOptions(context, ports));
  await host.start();
  const delivery = new BlockDelivery(store, host, context.ledger.height(), () => chainPart.write());
  bell.onBlock(({ checked, result }) =>
    delivery.push({ height: checked.header.height, time_ms: checked.header.time_ms, events: result.events }),
  );
  await delivery.replay();
  await chainPart.start();
  const services = serveSeats(context, host, delivery);
  const http = await serveNode(context, host, ports.routes);
  log.info({ http_url: http.url, actors: seats.length, height: context.ledger.height() }, 'node started');
  return {
    http_url: http.url,
    host,
    ledger: context.ledger,
    drain: () => drain(context, host, chainPart, ports, services, http),
  };
}

/** One database belongs to one chain for ever. */
async function claimChain(store: Store, chain: string, dir: string): Promise<void> {
  const row = await store.get('node/chain');
  if (row === undefined) return store.batch([{ type: 'put', key: 'node/chain', value: Buffer.from(chain) }]);
  if (Buffer.from(row).toString() !== chain) throw new NetworkError('NODE_DATA_FOREIGN', dir);
}

async function connectSeat(seat: SeatOptions, url: string, log: Log, metrics: Metrics) {
  const signer = await readKeyFile(seat.key_path);
  const onRefused = (error: BusError): void => {
    metrics.add('sortition_host_refusals_total', 1, error.code);
    log.warn({ kind: seat.kind, err: error.message }, 'the broker refused a subject');
  };
  return { ...seat, signer, bus: await connectBus({ url, signer, onRefused }) };
}

/** How much longer than the longest time between two blocks a node listens for whoever decides them, ms. */
const LISTEN_SLACK_MS = 1_000;

type ChainPart = Pick<NodeContext, 'ledger' | 'provable'> & {
  /** Ports of the node's own consensus: validators have some. */
  readonly ports: NodePorts['ports'];
  start(): Promise<void>;
  /** Resolves when the events of every block that was told are in the store. */
  write(): Promise<void>;
  close(): Promise<void>;
};

/** The actor of a kind; clients have none. */
const definitionOf = (kind: SeatOptions['kind']): ActorDefinition | undefined =>
  kind in ACTORS ? ACTORS[kind as keyof typeof ACTORS] : undefined;

/**
 * A validator makes blocks; every other node follows them, and keeps no tree where nobody asks it for proofs. Whoever is far behind
 * first takes up a snapshot.
 */
async function openChain(node: Omit<NodeContext, 'ledger' | 'provable'>): Promise<ChainPart> {
  const { options, chain, store, bus, clock, log, metrics, bell, seats } = node;
  const onFailure = options.onFailure;
  const anchor = await trustedFrom(node);
  const own = new Set(seats.map(({ signer }) => signer.id));
  const patience_ms = chain.genesis.params.max_block_interval_ms + LISTEN_SLACK_MS;
  await syncState({ anchor, own, patience_ms, store, bus, clock, log });
  const seat = seats.find(({ kind }) => kind === 'validator');
  if (seat === undefined) {
    const following = {
      chain,
      store,
      bus,
      clock,
      log,
      metrics,
      hears: hearsOf(seats),
      onBlock: (block: ExecutedBlock) => bell.ring(block),
      keepConflict: evidenceKeeper(options.dir, chain.id, store, log),
      onFailure,
    };
    const proving = seats.some(({ kind }) => kind === 'gateway') ? await openReplica(following) : undefined;
    const replica = proving ?? (await openTreelessReplica(following));
    return {
      ledger: replica.ledger,
      provable: proving?.ledger,
      ports: {},
      start: async () => replica.start(),
      write: () => replica.write(),
      close: () => replica.close(),
    };
  }
  if (options.encryption === undefined) throw new NetworkError('NODE_START_FAILED', 'a validator needs --encryption');
  const ledger = await loadLedger(chain, productionCrypto, store);
  const key = await readEncryptionKey(options.encryption);
  const shares = new OwnShares({
    id: seat.signer.id,
    dealt: options.beacon_share === undefined ? [] : await readBeaconShares(options.beacon_share),
    key,
    keygen: (epoch) => ledger.keygen(epoch),
    onMissing: (epoch) => log.error({ epoch }, 'no true shares of the beacon key of this epoch'),
  });
  const is_first_start = await claimStore(store, noteBeside(seat.key_path));
  const validator = await startValidatorSeat({
    chain,
    ledger,
    key: seat.signer,
    secrets: (membership) => shares.of(membership),
    dir: options.dir,
    is_first_start,
    store,
    bus,
    clock,
    log,
    metrics,
    hears: hearsOf(seats),
    onBlock: (block) => bell.ring(block),
    onFailure,
  });
  return {
    ledger,
    provable: ledger,
    ports: {
      evidence: validator.evidence,
      keygen: createKeygenPort({ ledger, id: seat.signer.id, key, shares }),
    },
    start: async () => undefined,
    // A validator tells what it has written.
    write: async () => undefined,
    close: () => validator.close(),
  };
}

/** Whether an actor of these seats would hear an event. */
function hearsOf(seats: NodeContext['seats']): (event: LedgerEvent) => boolean {
  const actors = seats.flatMap(({ kind, signer }) => {
    const definition = definitionOf(kind);
    return definition === undefined ? [] : [{ id: signer.id, definition }];
  });
  const concerns = concernsOf(actors);
  return (event) => concerns(event).length > 0;
}

function hostOptions({ chain, store, clock, log, metrics, seats, ledger, options }: NodeContext, { ports }: NodePorts) {
  const actors = seats.flatMap(({ kind, signer, bus }): ActorSeat[] => {
    const definition = definitionOf(kind);
    return definition === undefined ? [] : [{ definition, id: signer.id, sign: signer.sign, bus }];
  });
  const port = {
    height: () => ledger.height(),
    nextNonce: (account: string) => ledger.nextNonce(account),
    feeUnits: () => chain.genesis.params.min_fee_units,
  };
  return { store, clock, chain: chain.id, actors, ports, ledger: port, log, metrics, onFailure: options.onFailure };
}

/** What each actor does beside its machine: workers beat, all answer their operators. */
function serveSeats(
  { chain, seats, clock, ledger, log, metrics }: NodeContext,
  host: Host,
  delivery: BlockDelivery,
): (() => void)[] {
  return seats.flatMap(({ kind, signer, bus }) => {
    if (!(kind in ACTORS)) return [];
    const service = serveOperator({
      chain: chain.id,
      actor: signer.id,
      bus,
      host,
      now_ms: () => clock.now_ms(),
      operator: () => ledger.node(signer.id)?.operator,
      onResumed: () => delivery.replay(),
      onRefused: (code) => metrics.add('sortition_host_refusals_total', 1, code),
      log,
    });
    const stops = [() => service.close()];
    if (kind !== 'worker') return stops;
    const isAway = (): boolean => standingOf(signer.id, ledger, chain) === 'away';
    return [...stops, startHeartbeats(chain.id, signer, bus, clock, isAway)];
  });
}

function serveNode(
  { options, metrics, ledger, clock, chain }: NodeContext,
  _host: Host,
  routes: readonly ((server: FastifyInstance) => void | Promise<void>)[],
): Promise<HttpServer> {
  const stale_ms = 2 * chain.genesis.params.max_block_interval_ms;
  const readiness = () => {
    const age_ms = clock.now_ms() - ledger.timeMs();
    const reasons = age_ms > stale_ms ? [`no block for ${Math.round(age_ms / 1000)} s`] : [];
    return { ready: reasons.length === 0, reasons };
  };
  return serveHttp({ port: options.http_port, metrics, readiness, routes });
}

async function drain(
  node: NodeContext,
  host: Host,
  chainPart: ChainPart,
  ports: NodePorts,
  services: readonly (() => void)[],
  http: HttpServer,
): Promise<void> {
  for (const stop of services) stop();
  await host.drain();
  await Promise.all([chainPart.close(), ports.close(), http.close()]);
  await Promise.all(node.seats.map(({ bus }) => bus.close()));
  await node.store.close();
}
