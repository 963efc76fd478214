// What every answer carries and every request must show: security headers, a host name that is ours, errors as JSON with a code.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Log } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';
import { ApiError } from './api-error.ts';
import { traceOf } from './trace.ts';

/** Names under which a browser on this machine reaches a server that is bound to loopback. */
const LOOPBACK_NAMES = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Adds the guards to a server that is bound to loopback. A page of another origin can make a browser send requests here
 * under its own name (DNS rebinding): only loopback names are answered, and no answer allows another origin to read it.
 * What is refused is counted by code, and logged where the client sent a trace to find it by.
 */
export function addGuards(server: FastifyInstance, { ws_url, log, metrics }: GuardOptions): void {
  const headers = securityHeaders(ws_url);
  server.addHook('onRequest', async (request, reply) => {
    reply.headers(headers);
    if (!isLoopbackHost(request.headers.host)) throw new ApiError(421, 'API_HOST_REFUSED');
  });
  const answer = (request: FastifyRequest, reply: FastifyReply, error: ApiError): FastifyReply => {
    const { code, status } = error;
    const at = { trace: traceOf(request), path: request.url.slice(0, MAX_LOGGED_PATH_CHARS), code };
    if (isMiss(error)) return send(reply, error);
    metrics.add('sortition_host_refusals_total', 1, code);
    if (status < 500 && at.trace !== '') log.info(at, 'request refused');
    if (status >= 500) log.error({ ...at, error: reasonOf(error) }, 'request failed');
    return send(reply, error);
  };
  server.setNotFoundHandler((request, reply) => answer(request, reply, new ApiError(404, 'API_PATH_UNKNOWN')));
  server.setErrorHandler((error, request, reply) => answer(request, reply, asApiError(error)));
}

export type GuardOptions = {
  /** Where the console connects to: the one foreign origin that its pages may speak to. */
  readonly ws_url: string;
  readonly log: Log;
  readonly metrics: Metrics;
};

/** A path in the log, characters: enough to find the route. */
const MAX_LOGGED_PATH_CHARS = 200;

/** What went wrong inside, which the client is not told. */
const reasonOf = ({ message, cause }: ApiError): string => (cause instanceof Error ? cause.message : message);

/** A question about what is not there is answered, not refused. */
const isMiss = ({ status, code }: ApiError): boolean => status === 404 && code !== 'API_PATH_UNKNOWN';

/** Host header without its port; absent or any other name is refused. */
export function isLoopbackHost(host: string | undefined): boolean {
  return LOOPBACK_NAMES.has((host ?? '').replace(/:\d+$/, '').toLowerCase());
}

const send = (reply: FastifyReply, error: ApiError): FastifyReply =>
  reply.code(error.status).header('cache-control', 'no-store').send(error.body);

/** Fastify's own refusals of a request get our codes; anything else is a failure of ours and says nothing about itself. */
function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const { statusCode } = error as { statusCode?: number };
  if (statusCode === 413) return new ApiError(413, 'MESSAGE_TOO_LARGE');
  const isRefusal = statusCode !== undefined && statusCode >= 400 && statusCode < 500;
  return isRefusal
    ? new ApiError(statusCode, 'API_INPUT_INVALID')
    : new ApiError(500, 'API_FAILED', undefined, { cause: error });
}

function securityHeaders(ws_url: string): Record<string, string> {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    // uPlot places its layers with style attributes through the DOM, which a policy of 'self' allows.
    "style-src 'self'",
    "img-src 'self' data:",
    `connect-src 'self' ${ws_url}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  return {
    'content-security-policy': policy.join('; '),
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
  };
}

/** The path parameter `name`, or a refusal. */
export function param(request: FastifyRequest, name: string, pattern: RegExp): string {
  const value = (request.params as Readonly<Record<string, string>>)[name] ?? '';
  if (!pattern.test(value)) throw new ApiError(400, 'API_INPUT_INVALID', name);
  return value;
}

/** The whole number in the query under `name`, `otherwise` when absent. */
export function queryNumber(request: FastifyRequest, name: string, otherwise: number, max: number): number {
  const text = (request.query as Readonly<Record<string, unknown>>)[name];
  if (text === undefined) return otherwise;
  const isWhole = typeof text === 'string' && /^\d{1,9}$/.test(text) && Number(text) <= max;
  if (!isWhole) throw new ApiError(400, 'API_INPUT_INVALID', name);
  return Number(text);
}
