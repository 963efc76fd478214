// The ports of a node's actors: only those that its kinds of actor use are loaded and opened, so that small nodes start fast.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { CosignCall } from '#schemas/settlement/cosign.ts';
import { type Code, refuse } from '#schemas/wire/codes.ts';
import type { SeenBlock } from '../gateway/ports.ts';
import { codeOf } from '../host/io.ts';
import type { IoPort } from '../host/ports.ts';
import { verify } from '../keys/ed25519.ts';
import { readKeyFile } from '../keys/key-file.ts';
import { NetworkError } from '../network/network-error.ts';
import { fakeSubUnits } from '../sandbox/dishonest-pool.ts';
import { openSandboxPool } from '../sandbox/pool.ts';
import { createSandboxPort } from '../sandbox/port.ts';
import { followTo } from '../snapshot/set-follower.ts';
import { SyncPeers } from '../snapshot/sync-peers.ts';
import type { NodeContext } from './context.ts';
import { productionCrypto } from './crypto.ts';
import { listenForBeacons } from './early-beacon.ts';
import { genesisElectorate } from './final-blocks.ts';
import { collectHeartbeats, standingOf } from './heartbeats.ts';
import { createLotteryPort } from './lottery-port.ts';

export type NodePorts = {
  readonly ports: Readonly<Record<string, IoPort>>;
  readonly routes: readonly ((server: FastifyInstance) => void | Promise<void>)[];
  close(): Promise<void>;
};

/** @param own ports of the node's own consensus; only validators have some */
export async function createPorts(node: NodeContext, own: NodePorts['ports']): Promise<NodePorts> {
  const kinds = new Set(node.seats.map(({ kind }) => kind));
  const opened: NodePorts[] = [part(own)];
  if (kinds.has('worker') || kinds.has('validator')) opened.push(await sandboxPart(node));
  if (kinds.has('shuffler')) opened.push(heartbeatsPart(node), lotteryPart(node));
  else if (kinds.has('validator'))
    opened.push(part({ lottery: createLotteryPort(node.ledger, (signal) => node.bell.next(signal)) }));
  if (kinds.has('archiver')) opened.push(await archivePart(node));
  const gateway = node.seats.find(({ kind }) => kind === 'gateway');
  if (gateway !== undefined) opened.push(await gatewayPart(node, gateway));
  if (node.options.cosigner !== undefined) opened.push(await cosignPart(node, node.options.cosigner));
  return {
    ports: Object.assign({}, ...opened.map(({ ports }) => ports)) as NodePorts['ports'],
    routes: opened.flatMap(({ routes }) => routes),
    close: async () => void (await Promise.all(opened.map((one) => one.close()))),
  };
}

const part = (ports: NodePorts['ports'], rest: Partial<NodePorts> = {}): NodePorts => ({
  ports,
  routes: [],
  close: async () => undefined,
  ...rest,
});

async function sandboxPart({ options, metrics }: NodeContext): Promise<NodePorts> {
  const pool = await openSandboxPool({ size: options.sandboxes });
  const port = createSandboxPort(options.dishonest === 'fake-sub-units' ? fakeSubUnits(pool) : pool);
  const sandbox = countedPort(port, (outcome) => metrics.add('sortition_sandbox_runs_total', 1, outcome));
  return part({ sandbox }, { close: () => pool.close() });
}

/** Counts every request by `OK` or the code of its failure. */
function countedPort(port: IoPort, count: (outcome: string) => void): IoPort {
  const counted: IoPort = async (request, call) => {
    try {
      const answer = await port(request, call);
      count('OK');
      return answer;
    } catch (error) {
      count(codeOf(error));
      throw error;
    }
  };
  const atOnce: IoPort['atOnce'] = (request, actor) => {
    const answer = port.atOnce?.(request, actor);
    if (answer !== undefined) count('OK');
    return answer;
  };
  return Object.assign(counted, { atOnce });
}

/** A shuffler does not wait for the block that brings the beacon; a validator that stands in for it has time. */
function lotteryPart({ chain, bus, ledger, bell, metrics }: NodeContext): NodePorts {
  const onRefused = (code: Code): void => metrics.add('sortition_host_refusals_total', 1, code);
  const early = listenForBeacons({ chain, bus, ledger, onKnown: () => bell.wake(), onRefused });
  const silence = bell.onBlock(() => early.follow());
  const lottery = createLotteryPort(
    ledger,
    (signal) => bell.next(signal),
    () => early.known(),
  );
  const close = async (): Promise<void> => {
    silence();
    early.close();
  };
  return part({ lottery }, { close });
}

function heartbeatsPart({ chain, bus, clock, ledger, metrics }: NodeContext): NodePorts {
  const standing = (id: string) => standingOf(id, ledger, chain);
  const onRefused = (code: Code): void => metrics.add('sortition_host_refusals_total', 1, code);
  const collector = collectHeartbeats({ chain: chain.id, bus, clock, verify, standing, onRefused });
  return part({ heartbeats: collector.port }, { close: async () => collector.close() });
}

/** The archiver's own HTTP address serves the blocks of its content store as a trustless gateway. */
async function archivePart({ chain, store, bus, ledger, seats, log, options }: NodeContext): Promise<NodePorts> {
  const [{ createArchivePorts }, { createContentStore }, { createTrustlessGateway }] = await Promise.all([
    import('../archive/ports.ts'),
    import('../archive/content-store.ts'),
    import('../archive/trustless-gateway.ts'),
  ]);
  const ports = createArchivePorts({
    store,
    dir: join(options.dir, 'bundles'),
    network: chain.genesis.network,
    settlement: (seq) => ledger.settlement(seq),
    validatorsOf: (epoch) => ledger.membershipOf(epoch)?.validators ?? [],
    handoversTo: async (epoch) => {
      const peers = new SyncPeers(new Set(seats.map(({ signer }) => signer.id)), log);
      peers.add(ledger.membership(ledger.height() + 1).validators.map(({ id }) => id));
      return followTo(epoch, { anchor: genesisElectorate(chain, productionCrypto), store, bus, peers });
    },
  });
  const gateway = createTrustlessGateway(createContentStore(store));
  const routes = [
    (server: FastifyInstance): void => {
      server.get('/ipfs/*', async (request, reply) => {
        const headers = Object.fromEntries(
          Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
        );
        const answer = await gateway({ method: request.method, url: request.url, headers });
        return reply.code(answer.status).headers(answer.headers).send(Buffer.from(answer.body));
      });
    },
  ];
  return part(ports, { routes });
}

async function gatewayPart(
  { chain, provable: ledger, clock, log, metrics, bell, options }: NodeContext,
  { signer, bus }: NodeContext['seats'][number],
): Promise<NodePorts> {
  assert(ledger, 'a gateway proves rows, so its node keeps the tree');
  const { openGateway } = await import('../gateway/gateway.ts');
  const onBlock = (listener: (block: SeenBlock) => void) =>
    bell.onBlock(({ checked, result, txs, received_ms }) =>
      listener({ header: checked.header, final: checked.final, result, txs: txs(), received_ms }),
    );
  const reads = { chain, ledger, onBlock };
  const gateway = openGateway({
    reads,
    signer,
    bus,
    clock,
    log,
    metrics,
    crypto: productionCrypto,
    ws_url: options.ws_url ?? '',
  });
  return part({ feed: gateway.feed }, { routes: [gateway.routes], close: async () => gateway.close() });
}

async function cosignPart(
  { chain, store, ledger, clock, metrics, seats }: NodeContext,
  path: string,
): Promise<NodePorts> {
  const { createCosigner } = await import('../archive/cosigner.ts');
  const key = await readKeyFile(path);
  const validator = seats[0]?.signer.id ?? '';
  const cosigner = createCosigner({
    store,
    key,
    validator,
    named: ledger.validators().find(({ id }) => id === validator)?.cosigner,
    network: chain.genesis.network,
    settlement: (seq) => ledger.settlement(seq),
    now_ms: () => clock.now_ms(),
  });
  const cosign: IoPort = async (request) => {
    const { from, ask } = CosignCall.parse(request);
    const isArchiver = ledger.node(from)?.kind === 'archiver';
    const reply = isArchiver ? await cosigner.answer(ask) : refuse('NOT_AUTHORISED');
    if (!reply.ok) metrics.add('sortition_host_refusals_total', 1, reply.code);
    if (!isArchiver) throw new NetworkError('NOT_AUTHORISED', `${from} is no archiver`);
    return reply;
  };
  return part({ cosign });
}
