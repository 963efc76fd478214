// Requests and answers of the ports that feed the ledger with draws and with who is there.
import { z } from 'zod';
import { Draw, Heartbeat } from '../settlement/transaction.ts';
import { Height } from '../wire/fields.ts';
import { MAX_HEARTBEATS_PER_TX, MAX_PENDING_DRAWS } from '../wire/limits.ts';

/** Resolves after a block above `after_height` that leaves draws open for at least `older_than_ms` of block time. */
export const LotteryRequest = z.strictObject({ after_height: Height, older_than_ms: z.int().min(0) });
/**
 * All such draws, oldest first, as the chain's beacon decides them, and the height they were computed at: the next one
 * where its beacon is known before its block.
 */
export const LotteryAnswer = z.strictObject({ height: Height, draws: z.array(Draw).max(MAX_PENDING_DRAWS) });

/** Resolves when there is news (someone came who counted as away) or when the interval ends. */
export const HeartbeatsRequest = z.strictObject({ interval_ms: z.int().min(0) });
export const HeartbeatsAnswer = z.strictObject({ heartbeats: z.array(Heartbeat).max(MAX_HEARTBEATS_PER_TX) });
