// The HTTP side of every node: health, readiness and metrics on loopback; gateway and archiver add their routes.
import type { FastifyInstance } from 'fastify';
import type { Metrics } from './metrics.ts';

/** Largest request body, bytes: a signed transaction is the largest thing that anyone posts. */
const MAX_REQUEST_BYTES = 262_144;

export type HttpServer = { readonly url: string; close(): Promise<void> };
export type Readiness = { readonly ready: boolean; readonly reasons: readonly string[] };

/** @param port 0 takes a free one. @throws EADDRINUSE when another program holds the port */
export async function serveHttp(options: {
  readonly port: number;
  readonly metrics: Metrics;
  readonly readiness: () => Readiness;
  readonly routes: readonly ((server: FastifyInstance) => void | Promise<void>)[];
}): Promise<HttpServer> {
  const { fastify } = await import('fastify');
  const server = fastify({ bodyLimit: MAX_REQUEST_BYTES, forceCloseConnections: true });
  server.get('/healthz', () => ({ status: 'alive' }));
  server.get('/readyz', (_request, reply) => {
    const readiness = options.readiness();
    return reply.code(readiness.ready ? 200 : 503).send(readiness);
  });
  server.get('/metrics', async (_request, reply) =>
    reply.type('text/plain; version=0.0.4').send(await options.metrics.text()),
  );
  for (const add of options.routes) await add(server);
  const url = await server.listen({ host: '127.0.0.1', port: options.port });
  return { url, close: () => server.close() };
}
