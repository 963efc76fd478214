// Who is there: signed heartbeats in batches; each speaks for itself, whoever brings it.

import type { z } from 'zod';
import type { Heartbeat, Tx } from '#schemas/settlement/transaction.ts';
import type { Code } from '#schemas/wire/codes.ts';
import { MAX_CLOCK_DRIFT_MS } from '#schemas/wire/limits.ts';
import { heartbeatSignBytes } from '#schemas/work/heartbeat.ts';
import { applyEach } from './batch.ts';
import type { Books } from './books.ts';

/** Transaction `availability`. */
export function applyAvailability(
  books: Books,
  tx: Tx,
  body: Extract<Tx['body'], { type: 'availability' }>,
): Code | null {
  return applyEach(books, tx, body.heartbeats, (heartbeat) => hear(books, heartbeat));
}

function hear(books: Books, { worker, at_ms, signature }: z.infer<typeof Heartbeat>): Code | null {
  const { nodes } = books.tables;
  const node = nodes.get(worker);
  const { time_ms } = books.block;
  if (node?.kind !== 'worker') return 'HEARTBEAT_INVALID';
  if (at_ms > time_ms + MAX_CLOCK_DRIFT_MS) return 'HEARTBEAT_AHEAD';
  if (at_ms <= node.last_seen_ms || at_ms + books.params.away_after_ms <= time_ms) return 'HEARTBEAT_STALE';
  const isSigned = books.crypto.verify(worker, heartbeatSignBytes(books.chain, worker, at_ms), signature);
  if (!isSigned) return 'HEARTBEAT_INVALID';
  nodes.put(worker, { ...node, last_seen_ms: at_ms });
  return null;
}
