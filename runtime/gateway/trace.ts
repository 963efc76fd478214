// The trace that a client sends with a request, so that it finds its request in our log (W3C Trace Context §3.2).
import type { FastifyRequest } from 'fastify';
import { TRACEPARENT_CHARS } from '#schemas/wire/limits.ts';

/** Version 00 with ids that are not all zeros; later versions begin with the same fields. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-|$)/;

/** The header `traceparent` as far as version 00 defines it; '' where there is none or it is malformed. */
export function traceOf(request: FastifyRequest): string {
  const { traceparent } = request.headers;
  return typeof traceparent === 'string' && TRACEPARENT.test(traceparent)
    ? traceparent.slice(0, TRACEPARENT_CHARS)
    : '';
}
