// Requests and answers of the `sandbox` port: units that workers run, open and report, many at once; sub-units that validators recompute.
import { z } from 'zod';
import { Openings } from '../settlement/transaction.ts';
import { bytes, Hash, U128, UnitId } from '../wire/fields.ts';
import { MAX_ATTEMPTS, MAX_AUDIT_SUB_UNITS, MAX_BATCH_ITEMS, MAX_SUSPECTS } from '../wire/limits.ts';

const Attempt = z.int().min(1).max(MAX_ATTEMPTS);
/** Where a unit lies and which kernel computes it. */
const place = {
  unit: UnitId,
  attempt: Attempt,
  kernel: z.enum(['collatz/v1', 'noop/v1']),
  start: U128,
  unit_log2: z.int().min(8).max(40),
};
const Indices = z.array(z.int().min(0).max(255)).min(1).max(MAX_AUDIT_SUB_UNITS);

/** Compute a whole unit and choose a salt. */
export const RunRequest = z.strictObject({ action: z.literal('run'), ...place });
/** Prove the results of these sub-units against the revealed root. */
export const OpenRequest = z.strictObject({ action: z.literal('open'), ...place, indices: Indices });
/** Compute only these sub-units, and say what came out by a digest of the worker's own. */
export const ReportRequest = z.strictObject({ action: z.literal('report'), ...place, indices: Indices });

const Work = z.discriminatedUnion('action', [RunRequest, OpenRequest, ReportRequest]);
export type Work = z.infer<typeof Work>;
/** Many small ones in one call, answered together. */
export const BatchRequest = z.strictObject({ action: z.literal('batch'), works: z.array(Work).max(MAX_BATCH_ITEMS) });
export type BatchRequest = z.infer<typeof BatchRequest>;

/** Compute only these sub-units, for a dispute. */
export const RecomputeRequest = z.strictObject({ action: z.literal('recompute'), ...place, indices: Indices });
export type RecomputeRequest = z.infer<typeof RecomputeRequest>;

export const SandboxRequest = z.discriminatedUnion('action', [BatchRequest, RecomputeRequest]);
export type SandboxRequest = z.infer<typeof SandboxRequest>;

export const RunAnswer = z.strictObject({
  commitment: Hash,
  root: Hash,
  output_hash: Hash,
  fuel: z.int().min(0),
  salt: bytes(16),
  suspects: z.array(U128).max(MAX_SUSPECTS),
});
export type RunAnswer = z.infer<typeof RunAnswer>;
export const OpenAnswer = z.strictObject({ openings: Openings });
export const ReportAnswer = z.strictObject({ digest: Hash });
export const RecomputeAnswer = z.strictObject({
  results: z.array(z.strictObject({ index: z.int(), result: bytes(64) })),
});
export type RecomputeAnswer = z.infer<typeof RecomputeAnswer>;

/** What became of one work of a batch; a failure carries its code, and spoils none of the others. */
export type WorkAnswer = { readonly unit: string; readonly attempt: number } & (
  | ({ readonly action: 'run' } & RunAnswer)
  | ({ readonly action: 'open' } & z.infer<typeof OpenAnswer>)
  | ({ readonly action: 'report' } & z.infer<typeof ReportAnswer>)
  | { readonly action: 'failed'; readonly code: string }
);
export type BatchAnswer = { readonly answers: readonly WorkAnswer[] };
