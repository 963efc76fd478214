// Transactions: what an account may ask the ledger to do. The signed bytes travel unchanged; see codec in tx-codec.ts.
import { z } from 'zod';
import {
  Amount,
  AmountOrZero,
  bytes,
  bytesUpTo,
  Hash,
  Height,
  Id,
  Signature,
  TimeMs,
  U128,
  UnitId,
} from '../wire/fields.ts';
import {
  MAX_ATTEMPTS,
  MAX_AUDIT_SUB_UNITS,
  MAX_BATCH_ITEMS,
  MAX_DEALING_BYTES,
  MAX_HEARTBEATS_PER_TX,
  MAX_JOB_UNITS,
  MAX_REVEALED_SHARES,
  MAX_SUSPECTS,
  MAX_VALIDATOR_POWER,
} from '../wire/limits.ts';

const Attempt = z.int().min(1).max(MAX_ATTEMPTS);
const SubUnit = z.int().min(0).max(255);
/** The 64-byte result of one sub-unit, as the kernel computed it. */
const SubUnitResult = bytes(64);

export const Asset = z.enum(['credit', 'stake']);
export type Asset = z.infer<typeof Asset>;

/** Move money between accounts. */
export const Transfer = z.strictObject({ type: z.literal('transfer'), to: Id, asset: Asset, amount_units: Amount });

/** Register the sending key as a node. The operator agrees by signing TAG.operator | node id bytes. */
export const NodeRegister = z.strictObject({
  type: z.literal('node.register'),
  kind: z.enum(['worker', 'shuffler', 'archiver', 'gateway', 'client']),
  operator: Id,
  operator_signature: Signature,
});

/** Ask for `units` × 2^unit_log2 consecutive numbers from `start`; the whole reward goes into escrow. */
export const JobSubmit = z.strictObject({
  type: z.literal('job.submit'),
  /** With the account it makes the job id; a second submission with the same key is refused as JOB_EXISTS. */
  idempotency_key: z.string().min(1).max(64),
  kernel: z.enum(['collatz/v1', 'noop/v1']),
  start: U128,
  unit_log2: z.int().min(8).max(40),
  units: z.int().min(1).max(MAX_JOB_UNITS),
  /** Paid for each unit: 80 % to the worker, 10 % to each of its two auditors (minor units; at least 10). */
  reward_per_unit_units: Amount,
});

/** A worker's signed word that it is there: TAG.heartbeat | chain 32 | worker 32 | at_ms u64. */
export const Heartbeat = z.strictObject({ worker: Id, at_ms: TimeMs, signature: Signature });
/** Who was heard in the last interval; each heartbeat carries its own signature. */
export const Availability = z.strictObject({
  type: z.literal('availability'),
  heartbeats: z.array(Heartbeat).min(1).max(MAX_HEARTBEATS_PER_TX),
});

/** Who works on a unit, as the lottery says. Recomputed by every validator. Auditors need no transaction: the ledger names them. */
export const Draw = z.strictObject({ unit: UnitId, attempt: Attempt, worker: Id });
export const DrawBatch = z.strictObject({ type: z.literal('draw'), draws: z.array(Draw).min(1).max(MAX_BATCH_ITEMS) });

/** Fixes a result without showing it: SHA-256("commit/v1" | unit | attempt | worker | what is revealed), see `commitment()`. */
const Commit = z.tuple([UnitId, Attempt, Hash]);
export type Commit = z.infer<typeof Commit>;

/** What was committed to. */
export const Reveal = z.tuple([
  UnitId,
  Attempt,
  /** Root: of the Merkle tree over the sub-unit results. */
  Hash,
  /** Output hash: SHA-256 over their concatenation. */
  Hash,
  /** Fuel. */
  z.int().min(0).max(Number.MAX_SAFE_INTEGER),
  /** Salt. */
  bytes(16),
  /** Suspects: numbers that the kernel and the exact re-check could not clear. */
  z.array(U128).max(MAX_SUSPECTS),
]);
export type Reveal = z.infer<typeof Reveal>;

/** The audited sub-units in the order of the audit: the result of each, and its way up to the revealed root. */
export const Openings = z
  .array(z.tuple([SubUnitResult, z.array(Hash).max(8)]))
  .min(1)
  .max(MAX_AUDIT_SUB_UNITS);
const Open = z.tuple([UnitId, Attempt, Openings]);
export type Open = z.infer<typeof Open>;

/** Digest of what an auditor got for the same sub-units, see `reportDigest()`. */
const Report = z.tuple([UnitId, Attempt, Hash]);
export type Report = z.infer<typeof Report>;

const results = {
  commits: z.array(Commit),
  reveals: z.array(Reveal),
  opens: z.array(Open),
  reports: z.array(Report),
};
/** All that a node has to say at a time of the units that it works on and audits: one signature for all of it. */
export const Results = z
  .strictObject({ type: z.literal('results'), ...results })
  .refine(fitsBatch, { error: `must have 1 to ${MAX_BATCH_ITEMS} items in all` });

/** Whether there is something in it, and not too much in all. */
export function fitsBatch({ commits, reveals, opens, reports }: Record<keyof typeof results, unknown[]>): boolean {
  const count = commits.length + reveals.length + opens.length + reports.length;
  return count >= 1 && count <= MAX_BATCH_ITEMS;
}

/** A validator's own re-execution of a disputed sub-unit; a quorum of equal results decides the dispute. */
export const Adjudicate = z.strictObject({
  type: z.literal('adjudicate'),
  unit: UnitId,
  attempt: Attempt,
  index: SubUnit,
  result: SubUnitResult,
});

/** Two conflicting signed votes or proposals, as their wire bytes. */
export const EvidenceTx = z.strictObject({ type: z.literal('evidence'), a: bytesUpTo(512), b: bytesUpTo(512) });

/** The archiver states where a settlement lies; the first true statement stays. */
export const Archived = z.strictObject({
  type: z.literal('settlement.archived'),
  seq: z.int().min(0),
  cid: z.string().max(128),
  log_root: Hash,
});

/** Enter the validator set with `power` seats, as far and as soon as there is room; the stake for them is locked from now on. */
export const ValidatorJoin = z.strictObject({
  type: z.literal('validator.join'),
  power: z.int().min(1).max(MAX_VALIDATOR_POWER),
  cosigner: Id,
  /** By the cosigner: it is held, and agrees to this validator (see `possessionSignBytes`). */
  cosigner_signature: Signature,
  /** X25519 public key for dealt shares. */
  encryption_key: Id,
  operator: Id,
  /** By the operator, over TAG.operator | node id bytes, as for any node. */
  operator_signature: Signature,
});
/** Leave the validator set, as soon as the others may go on without. */
export const ValidatorLeave = z.strictObject({ type: z.literal('validator.leave') });

/** Epoch whose membership the key is for. */
const Epoch = z.int().min(1).max(Number.MAX_SAFE_INTEGER);
/** Phase 1: SHA-256 of the dealing to come, so that nobody chooses after seeing others. */
export const KeygenCommit = z.strictObject({ type: z.literal('keygen.commit'), epoch: Epoch, hash: Hash });
/** Phase 2: the dealing that was committed to. */
export const KeygenDeal = z.strictObject({
  type: z.literal('keygen.deal'),
  epoch: Epoch,
  dealing: bytesUpTo(MAX_DEALING_BYTES),
});
/** Phase 3: what this dealer encrypted to the sender is not what its dealing commits to. */
export const KeygenComplain = z.strictObject({ type: z.literal('keygen.complain'), epoch: Epoch, dealer: Id });
/** Phase 4: a dealer shows everybody what it had for who complained. */
export const KeygenJustify = z.strictObject({
  type: z.literal('keygen.justify'),
  epoch: Epoch,
  receiver: Id,
  shares: z.array(bytes(32)).min(1).max(MAX_REVEALED_SHARES),
});

export const TxBody = z.discriminatedUnion('type', [
  Transfer,
  NodeRegister,
  JobSubmit,
  Availability,
  DrawBatch,
  Results,
  Adjudicate,
  EvidenceTx,
  Archived,
  ValidatorJoin,
  ValidatorLeave,
  KeygenCommit,
  KeygenDeal,
  KeygenComplain,
  KeygenJustify,
]);
export type TxBody = z.infer<typeof TxBody>;

/** A transaction: signed over TAG.tx | bytes; on the wire `signature 64 | bytes`. */
export const Tx = z.strictObject({
  v: z.literal(1),
  /** Chain id, hex: a transaction of one network is worthless on another. */
  chain: z.string().regex(/^[0-9a-f]{64}$/),
  account: Id,
  /** Contiguous from 0 per account: what the ledger has seen of an account is its watermark. */
  nonce: z.int().min(0).max(Number.MAX_SAFE_INTEGER),
  expiry_height: Height,
  fee_units: AmountOrZero,
  body: TxBody,
});
export type Tx = z.infer<typeof Tx>;
