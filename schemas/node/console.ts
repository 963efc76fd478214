// What the gateway tells consoles and `sortition status`: one view of the network, made from final blocks and what it hears.
// Whole numbers only: it travels in an envelope, and the strict reader of the wire takes no fractions.
import { z } from 'zod';
import { VALIDATOR_STATES } from '../settlement/state.ts';
import { Id, JobId } from '../wire/fields.ts';

/** Amounts are decimal strings of minor units, so that the view is the same in JSON and MessagePack. */
const AmountText = z.string().regex(/^-?\d+$/);
const Count = z.int().min(0);

export const ValidatorView = z.strictObject({
  id: Id,
  operator: Id,
  /** Seats in the set of the next height. */
  power: Count,
  state: z.enum(VALIDATOR_STATES),
  /** Height of its latest signed message and when the gateway heard it, ms; 0 = not yet. */
  height: Count,
  round: Count,
  heard_ms: Count,
  /** Blocks that it proposed among the recent ones. */
  proposed_count: Count,
});
export const BlockView = z.strictObject({
  height: Count,
  round: Count,
  proposer: Id,
  block: z.string(),
  time_ms: Count,
  txs_count: Count,
  refused_count: Count,
  size_bytes: Count,
  /** From the block's time to its certificate in the gateway's hands, ms; 0 = fetched later, not witnessed. */
  finality_ms: Count,
  signers_count: Count,
});
export const WorkerView = z.strictObject({
  id: Id,
  operator: Id,
  is_available: z.boolean(),
  last_seen_ms: Count,
  open_units_count: Count,
  passed_count: Count,
  fault_count: Count,
  reputation_basis_points: Count,
  paused_until_ms: Count,
  credit_units: AmountText,
  stake_units: AmountText,
});
export const JobView = z.strictObject({
  id: JobId,
  account: Id,
  kernel: z.string(),
  /** First number and count of numbers, decimal. */
  start: z.string(),
  numbers: z.string(),
  units_count: Count,
  released_count: Count,
  settled_count: Count,
  parked_count: Count,
  attempts_count: Count,
  audits_count: Count,
  disagreements_count: Count,
  suspects_count: Count,
  /** Units under way by phase: drawn by nobody yet, computing, committed, waiting for auditors, audited, disputed. */
  phases: z.strictObject({
    to_draw: Count,
    working: Count,
    committed: Count,
    audit_to_draw: Count,
    auditing: Count,
    disputed: Count,
  }),
  /** Computed over the last seconds, checked or not yet; settled over the whole run once it is finished. */
  numbers_per_second: Count,
  /** Estimated seconds until all is computed; null when unknown, and when only checks are left. */
  eta_s: Count.nullable(),
  submitted_ms: Count,
  finished_ms: Count,
  reward_per_unit_units: AmountText,
});
export const SettlementView = z.strictObject({
  seq: Count,
  first_height: Count,
  last_height: Count,
  entries: z.array(z.strictObject({ a: z.string(), k: z.string(), d: AmountText })).max(64),
  entries_count: Count,
  /** Per asset, always "0": shown because anyone may add it up. */
  sums: z.record(z.string(), AmountText),
  state_root: z.string(),
  cid: z.string(),
  /** `closed`: on the ledger; `embedded`: archived in the local content store, cosigned by a quorum. */
  status: z.enum(['closed', 'embedded']),
});
export const RefusalView = z.strictObject({ code: z.string(), peer: z.string(), count: Count, last_ms: Count });
export const EvidenceView = z.strictObject({ validator: Id, kind: z.string(), evidence: z.string(), height: Count });

export const ConsoleView = z.strictObject({
  /** Gateway's clock, ms: an old view must look old. */
  at_ms: Count,
  network: z.string(),
  chain: z.string(),
  height: Count,
  /** Of the next height: rises with each change of the validator set. */
  epoch: Count,
  state_root: z.string(),
  block_time_ms: Count,
  /** Over the last minute. */
  blocks_per_minute: Count,
  /** Over the last 512 blocks that the gateway saw become final. */
  finality_ms: z.strictObject({ p50: Count, p99: Count }),
  supply: z.strictObject({ credit: AmountText, stake: AmountText }),
  workers_count: Count,
  available_count: Count,
  validators: z.array(ValidatorView).max(100),
  /** Newest first. */
  blocks: z.array(BlockView).max(40),
  workers: z.array(WorkerView).max(50),
  jobs: z.array(JobView).max(20),
  settlements: z.array(SettlementView).max(20),
  refusals: z.array(RefusalView).max(50),
  evidence: z.array(EvidenceView).max(50),
});
export type ConsoleView = z.infer<typeof ConsoleView>;
