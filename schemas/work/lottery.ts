// Requests and answers of the ports that feed the ledger with draws and with who is there.
import { z } from 'zod';
import { Draw, Heartbeat } from '../settlement/transaction.ts';
import { MAX_BATCH_ITEMS, MAX_HEARTBEATS_PER_TX } from '../wire/limits.ts';

/** Draws that the chain allows now and that have been open for at least `older_than_ms` of block time. */
export const LotteryRequest = z.strictObject({ older_than_ms: z.int().min(0) });
export const LotteryAnswer = z.strictObject({ draws: z.array(Draw).max(MAX_BATCH_ITEMS) });

/** Resolves when there is news (someone came who counted as away) or when the interval ends. */
export const HeartbeatsRequest = z.strictObject({ interval_ms: z.int().min(0) });
export const HeartbeatsAnswer = z.strictObject({ heartbeats: z.array(Heartbeat).max(MAX_HEARTBEATS_PER_TX) });
