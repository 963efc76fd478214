// The gateway of a node: a view kept from blocks and traffic, served over HTTP and told on the feed. It holds no authority.
import { fileURLToPath } from 'node:url';
import type { FastifyInstance } from 'fastify';
import type { Crypto } from '#machines/consensus/types.ts';
import type { Code } from '#schemas/wire/codes.ts';
import { subject } from '#schemas/wire/subjects.ts';
import type { Bus } from '../bus/bus.ts';
import type { Clock, IoPort } from '../host/ports.ts';
import type { Signer } from '../keys/ed25519.ts';
import type { Log } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';
import { CertifiedState } from './certified-state.ts';
import { DrawProofs } from './draw-proofs.ts';
import { feedPort } from './feed.ts';
import { addGuards } from './guard.ts';
import { Headers } from './headers.ts';
import { HeightWait } from './height-wait.ts';
import { addPages } from './pages.ts';
import type { GatewayReads } from './ports.ts';
import { addRoutes } from './routes.ts';
import { Teller } from './teller.ts';
import { ViewKeeper } from './view.ts';

const WEB_DIR = fileURLToPath(new URL('../../web/dist', import.meta.url));

export type GatewayOptions = {
  readonly reads: GatewayReads;
  readonly signer: Signer;
  /** Connection that is authenticated as the gateway. */
  readonly bus: Bus;
  readonly clock: Clock;
  readonly crypto: Pick<Crypto, 'sha256' | 'verify'>;
  readonly log: Log;
  readonly metrics: Metrics;
  /** WebSocket address of the broker, for browsers. */
  readonly ws_url: string;
  /** Folder of the built console; by default web/dist of this project. */
  readonly web_dir?: string;
};

export type Gateway = {
  /** For `serveHttp`. */
  readonly routes: (server: FastifyInstance) => Promise<void>;
  /** Performs the gateway actor's `feed`. */
  readonly feed: IoPort;
  /** Hear nothing more. */
  close(): void;
};

export function openGateway(options: GatewayOptions): Gateway {
  const { reads, signer, bus, clock, crypto, log, metrics, ws_url } = options;
  const { chain, ledger } = reads;
  const keeper = new ViewKeeper(reads, crypto);
  const state = new CertifiedState(ledger);
  const draws = new DrawProofs(chain.id, ledger, state, crypto);
  const headers = new Headers(reads, bus, crypto, state);
  const heights = new HeightWait(ledger, clock);
  const onRefused = (code: Code): void => metrics.add('sortition_host_refusals_total', 1, code);
  const teller = new Teller({ chain: chain.id, ledger, signer, bus, clock, onRefused });
  const stopBlocks = reads.onBlock((seen) => {
    teller.hear(seen);
    keeper.hearBlock(seen);
    state.hear(seen);
    heights.hear();
  });
  // Votes only: each node of the network gets a proposal's transactions once, in the final block.
  const traffic = bus.subscribe(subject.voteAll, ({ subject: from, data }) =>
    keeper.hearConsensus(from, data, clock.now_ms()),
  );
  const now_ms = (): number => clock.now_ms();
  return {
    async routes(server) {
      addGuards(server, { ws_url, log, metrics });
      addRoutes(server, {
        reads,
        ledger,
        keeper,
        draws,
        headers,
        state,
        heights,
        bus,
        self: signer.id,
        crypto,
        now_ms,
        ws_url,
        log,
      });
      const hasPages = await addPages(server, options.web_dir ?? WEB_DIR);
      if (!hasPages) log.warn({}, 'console is not built: only the API is served');
    },
    feed: feedPort({ network: chain.id, keeper, signer, bus, clock }),
    close() {
      stopBlocks();
      heights.close();
      traffic.close();
    },
  };
}
