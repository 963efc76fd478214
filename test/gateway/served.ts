// A gateway over the test world, served on a free port of loopback, with a bus of the caller's choice.
import { connect } from 'node:net';
import type { Bus } from '#runtime/bus/bus.ts';
import { type Gateway, openGateway } from '#runtime/gateway/gateway.ts';
import type { Signer } from '#runtime/keys/ed25519.ts';
import { serveHttp } from '#runtime/observe/http.ts';
import { createLog, type Log } from '#runtime/observe/log.ts';
import { createMetrics } from '#runtime/observe/metrics.ts';
import { type SeenWorld, worldCrypto } from './seen-world.ts';

export type Served = { readonly url: string; readonly gateway: Gateway; close(): Promise<void> };

export async function serveGateway(options: {
  readonly world: SeenWorld;
  readonly bus: Bus;
  readonly signer: Signer;
  readonly ws_url?: string;
  readonly web_dir?: string;
  /** Silent by default. */
  readonly log?: Log;
  /** Real time by default; the world's own where a test steps through it. */
  readonly now_ms?: () => number;
}): Promise<Served> {
  const { world, bus, signer, ws_url = 'ws://127.0.0.1:1', web_dir = '/nowhere', now_ms = Date.now } = options;
  const metrics = createMetrics();
  const gateway = openGateway({
    reads: world.reads,
    signer,
    bus,
    clock: { now_ms, setTimer: realTimer },
    crypto: worldCrypto,
    log: options.log ?? createLog('gateway', 'silent'),
    metrics,
    ws_url,
    web_dir,
  });
  const readiness = () => ({ ready: true, reasons: [] });
  const http = await serveHttp({ port: 0, metrics, readiness, routes: [gateway.routes] });
  return {
    url: http.url,
    gateway,
    async close() {
      await http.close();
      gateway.close();
    },
  };
}

export function realTimer(delay_ms: number, fire: () => void): () => void {
  const timer = setTimeout(fire, delay_ms);
  return () => clearTimeout(timer);
}

/** A request with any Host header, which fetch does not let a caller choose. The answer's first line. */
export function statusFor(url: string, host: string): Promise<string> {
  const { port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1', () =>
      socket.write(`GET /api/view HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`),
    );
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('end', () => resolve(text.split('\r\n')[0] ?? ''));
    socket.on('error', reject);
  });
}
