// What a gateway tells an account of one block: how its jobs moved, and what became of its transactions. News, not proof.
import { z } from 'zod';
import { Height, Id, JobId, TimeMs } from '../wire/fields.ts';
import { MAX_BLOCK_TXS, MAX_CODE_CHARS, MAX_JOB_UNITS, MAX_OPEN_JOBS } from '../wire/limits.ts';

/** Kind of the envelope item on told.v1.<account>.<gateway>. */
export const TOLD_KIND = 'node.told.v1';

const UnitIndex = z
  .int()
  .min(0)
  .max(MAX_JOB_UNITS - 1);
const UnitIndexes = z.array(UnitIndex).max(MAX_JOB_UNITS);

const ToldJob = z.strictObject({
  job: JobId,
  /** The ledger took it up in this block. */
  is_accepted: z.boolean(),
  /** Units that were settled, and units that were given up, in this block. */
  settled: UnitIndexes,
  parked: UnitIndexes,
  /** Its last unit was settled or parked in this block. */
  is_finished: z.boolean(),
});
export type ToldJob = z.infer<typeof ToldJob>;

const ToldTx = z.strictObject({
  /** Id of the transaction (`txId`). */
  tx: Id,
  nonce: z.int().min(0).max(Number.MAX_SAFE_INTEGER),
  /** Why it was refused; null: it was applied. */
  code: z.string().max(MAX_CODE_CHARS).nullable(),
});

export const ToldV1 = z.strictObject({
  height: Height,
  time_ms: TimeMs,
  /** Height of the news before this; 0: none that this gateway remembers. Who heard another one last has missed some: ask the API. */
  after_height: Height,
  jobs: z.array(ToldJob).max(MAX_OPEN_JOBS),
  txs: z.array(ToldTx).max(MAX_BLOCK_TXS),
});
export type ToldV1 = z.infer<typeof ToldV1>;
