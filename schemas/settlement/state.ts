// Rows of the ledger's state, by key. Whole numbers only; written as MessagePack arrays in field order.
import type { ValidatorInfo } from '../consensus/types.ts';

/** `accounts/{asset}/{account}`. Accounts are ids, or the named pots `escrow:{job}`, `treasury`, `burned`. */
export type BalanceRow = { readonly amount_units: bigint };
/** `nonces/{account}`: the next nonce. */
export type NonceRow = { readonly next: number };

/** `nodes/{id}`. */
export type NodeRow = {
  readonly id: string;
  readonly kind: 'validator' | 'worker' | 'shuffler' | 'archiver' | 'gateway' | 'client';
  readonly operator: string;
  readonly registered_height: number;
  /** Block-time ms of the last accepted heartbeat; 0 = never. */
  readonly last_seen_ms: number;
  /** Checked results so far, faults so far. */
  readonly passed_count: number;
  readonly fault_count: number;
  /** Not drawn before this block time, ms (pause after faults); Number.MAX_SAFE_INTEGER = banned. */
  readonly paused_until_ms: number;
  /** Block time of the last counted fault, ms: one outage counts once, however many units it hit. */
  readonly last_fault_ms: number;
};
/** `reputation/{id}`: basis points 0…10,000; starts at 5,000. */
export type ReputationRow = { readonly basis_points: number };

/** `jobs/{id}`. */
export type JobRow = {
  readonly id: string;
  readonly account: string;
  readonly operator: string;
  readonly kernel: string;
  readonly start: Uint8Array;
  readonly unit_log2: number;
  readonly units_count: number;
  readonly reward_per_unit_units: bigint;
  readonly submitted_height: number;
  readonly submitted_ms: number;
  /** Units released to the lottery, settled, parked so far; audits and disagreements counted. */
  readonly released_count: number;
  readonly settled_count: number;
  readonly parked_count: number;
  readonly attempts_count: number;
  readonly audits_count: number;
  readonly disagreements_count: number;
  readonly suspects: readonly Uint8Array[];
  /** Height at which the last unit was settled or parked; 0 while running. */
  readonly finished_height: number;
  readonly finished_ms: number;
};

/** Where a unit stands. Rows exist from release until the settlement that pays them closes. */
export type UnitPhase =
  | 'to_draw'
  | 'working'
  | 'committed'
  | 'audit_to_draw'
  | 'auditing'
  | 'disputed'
  | 'settled'
  | 'parked';
/** `tasks/{unit}`. */
export type UnitRow = {
  readonly unit: string;
  readonly phase: UnitPhase;
  readonly attempt: number;
  /** Height whose beacon and registry decide the worker: that of the release. */
  readonly draw_height: number;
  /** Height whose beacon and registry decide the auditors: that of the reveal; 0 = not revealed. */
  readonly audit_height: number;
  /** Block time at which the unit entered the lottery, ms: stand-ins count from here. */
  readonly drawable_ms: number;
  readonly worker: string;
  readonly auditors: readonly string[];
  /** Block-time deadline of the present phase, ms; 0 = none. */
  readonly deadline_ms: number;
  readonly commitment: Uint8Array;
  /** Height of the commit: its reveal comes in a later block; 0 = not committed. */
  readonly committed_height: number;
  readonly root: Uint8Array;
  readonly audit_indices: readonly number[];
  /** Opened results of the worker, per audit index; empty until opened. */
  readonly opened: readonly Uint8Array[];
  /** What the auditors reported, in their order: a digest, empty until it is in. */
  readonly reports: readonly Uint8Array[];
  /** Workers of earlier attempts and auditors that failed: not drawn again for this unit while there are others. */
  readonly excluded: readonly string[];
  /** How many of these were so when the worker was drawn: those behind them failed as its auditors since. */
  readonly barred_count: number;
};

/** `disputes/{unit}`: validators' re-executions of the audited sub-units of a unit whose worker and auditors disagree. */
export type DisputeRow = { readonly votes: readonly DisputeVote[] };
export type DisputeVote = { readonly validator: string; readonly index: number; readonly result: Uint8Array };

/** `beacons/{height}`: what decides the draws of that height. */
export type BeaconRow = {
  /** The group's signature of the height, whose SHA-256 is the beacon value; empty until the next block brings it. */
  readonly signature: Uint8Array;
  /** The registry as committed by that height: `pools/{pool_version}`. */
  readonly pool_version: number;
};
/** `pools/{version}`: the workers that may be drawn, ordered by id: 64 bytes each, id 32 | operator 32. */
export type PoolRow = { readonly members: Uint8Array };

/** `unsettled/{asset}/{account}`: change by paid work since the last settlement closed. */
export type UnsettledRow = { readonly difference_units: bigint };
/** `settled/{asset}/{account}`: sum of all settlement entries; below 0 for pots that paid out. */
export type SettledRow = { readonly sum_units: bigint };

/** `head`: the last executed block, and counters that no other row implies. */
export type HeadRow = {
  readonly height: number;
  readonly time_ms: number;
  readonly pool_version: number;
  readonly settlements_count: number;
  /** First height whose payments are not settled; 0 = there are none. */
  readonly unsettled_height: number;
};

/** `proofs/{unit}`: the receipt that stays after a unit is settled. */
export type ProofRow = {
  readonly unit: string;
  readonly worker: string;
  readonly auditors: readonly string[];
  readonly attempt: number;
  readonly root: Uint8Array;
  readonly draw_height: number;
  readonly audit_height: number;
  readonly audit_indices: readonly number[];
  readonly settled_height: number;
  /** Who was not drawn again for it: with the heights this repeats both draws. */
  readonly excluded: readonly string[];
  /** How many of these count for the draw of the worker, as in `UnitRow`. */
  readonly barred_count: number;
};

/** One balanced line of a settlement: asset, account, difference. */
export type SettlementEntry = { readonly a: 'credit' | 'stake'; readonly k: string; readonly d: bigint };
/** `settlements/{seq}`: one closed epoch of paid work. Entries sorted by (a, k), unique, sum 0 per asset. */
export type SettlementRow = {
  readonly seq: number;
  readonly epoch: number;
  readonly first_height: number;
  readonly last_height: number;
  readonly entries: readonly SettlementEntry[];
  /** Root over the settled balances (all entries so far, summed per (a, k)) after this settlement. */
  readonly state_root: Uint8Array;
  /** Jobs finished in it. */
  readonly jobs: readonly string[];
  /** Set by the archiver's transaction; empty before. */
  readonly cid: string;
};
/** `evidence/{hash}`. */
export type EvidenceRow = { readonly validator: string; readonly height: number; readonly type: string };
/** `hours/{hour}`: the first block of each hour of block time (hours since the Unix epoch), as far back as evidence may lie. */
export type HourRow = { readonly first_height: number };

/** A validator as the set names it, before its shares of the beacon are known. */
export type Candidate = Omit<ValidatorInfo, 'beacon_shares'>;

/**
 * joining: asks for more power than it has. member: has it. leaving: asked to go. punished: goes first, and never comes back.
 * left: is gone, with its stake locked until it is unbonded.
 */
export const VALIDATOR_STATES = ['joining', 'member', 'leaving', 'punished', 'left'] as const;
export type ValidatorState = (typeof VALIDATOR_STATES)[number];
/** `validators/{id}`: who is in the set or wants to be; `power` is what it asked for. The row goes when its stake is free. */
export type ValidatorRow = Candidate & {
  readonly state: ValidatorState;
  /** Height at which it asked to join or to leave, or was punished; once out of the set: the first height without it. */
  readonly since_height: number;
};

/** `keygens/{epoch}`: the generation of the beacon key for the membership of that epoch. */
export type KeygenRow = {
  readonly epoch: number;
  /** fresh: the first key, dealt by the proposed set. reshare: the same key, dealt by the set before. */
  readonly kind: 'fresh' | 'reshare';
  /** The block at whose end it opened: names the attempt, since a generation that failed is tried again for the same epoch. */
  readonly start_height: number;
  /** Height at whose end it ended; 0 = under way. */
  readonly end_height: number;
  readonly proposed: readonly Candidate[];
  /** Dealers whose dealings make the key, in the order of their set; none while it is under way or where it failed. */
  readonly qualified: readonly string[];
  /** Dealers without a good dealing at its end, in that order. */
  readonly failed: readonly string[];
};
/** `dealings/{epoch}/{validator}`: what one dealer of a generation said. */
export type DealingRow = {
  /** SHA-256 of the dealing, committed to before anybody saw one. */
  readonly hash: Uint8Array;
  /** The dealing; empty until it is dealt. */
  readonly dealing: Uint8Array;
  /** Why the dealing is worth nothing, as a code; empty while it is good. */
  readonly fault: string;
  /** Who could not read its shares, in the order of the complaints. */
  readonly complaints: readonly Complaint[];
};
/** `shares`: what the dealer revealed in answer, one scalar of 32 bytes for each dealt polynomial and seat; none before. */
export type Complaint = { readonly receiver: string; readonly shares: readonly Uint8Array[] };

/** What dealers and receivers of a key generation may say, one after the other. */
export const KEYGEN_PHASES = ['commit', 'deal', 'complain', 'justify'] as const;
export type KeygenPhase = (typeof KEYGEN_PHASES)[number];

/** What a block did, in order: actors hear these. Plain data; ids say whom it concerns. */
export type LedgerEvent =
  | { readonly type: 'job.accepted'; readonly job: string; readonly account: string; readonly units_count: number }
  | {
      readonly type: 'unit.drawable';
      readonly unit: string;
      readonly attempt: number;
      readonly purpose: 'work' | 'audit';
      readonly draw_height: number;
    }
  | {
      readonly type: 'unit.assigned';
      readonly unit: string;
      readonly attempt: number;
      readonly worker: string;
      readonly kernel: string;
      readonly start: Uint8Array;
      readonly unit_log2: number;
      readonly deadline_ms: number;
    }
  | {
      readonly type: 'unit.committed';
      readonly unit: string;
      readonly attempt: number;
      readonly worker: string;
      readonly deadline_ms: number;
    }
  | { readonly type: 'unit.revealed'; readonly unit: string; readonly attempt: number; readonly worker: string }
  | {
      readonly type: 'audit.assigned';
      readonly unit: string;
      readonly attempt: number;
      readonly worker: string;
      readonly auditors: readonly string[];
      readonly indices: readonly number[];
      readonly kernel: string;
      readonly start: Uint8Array;
      readonly unit_log2: number;
      readonly deadline_ms: number;
    }
  | {
      readonly type: 'audit.disputed';
      readonly unit: string;
      readonly attempt: number;
      readonly index: number;
      readonly kernel: string;
      readonly start: Uint8Array;
      readonly unit_log2: number;
    }
  | {
      readonly type: 'unit.settled';
      readonly unit: string;
      readonly attempt: number;
      readonly worker: string;
      readonly auditors: readonly string[];
    }
  | {
      readonly type: 'unit.requeued';
      readonly unit: string;
      readonly attempt: number;
      readonly worker: string;
      readonly reason: 'late' | 'no_reveal' | 'no_opening' | 'wrong_result' | 'audit_late';
    }
  | { readonly type: 'unit.parked'; readonly unit: string }
  | { readonly type: 'node.slashed'; readonly node: string; readonly amount_units: bigint; readonly reason: string }
  | { readonly type: 'suspect.reported'; readonly unit: string; readonly worker: string; readonly number: Uint8Array }
  | { readonly type: 'job.finished'; readonly job: string }
  | { readonly type: 'settlement.closed'; readonly seq: number }
  | { readonly type: 'settlement.archived'; readonly seq: number; readonly cid: string }
  | { readonly type: 'evidence.accepted'; readonly validator: string; readonly evidence: string; readonly kind: string }
  | { readonly type: 'validator.joining'; readonly validator: string; readonly power: number }
  | { readonly type: 'validator.leaving'; readonly validator: string }
  /** A generation entered a phase, in which transactions up to `until_height` count. */
  | {
      readonly type: 'keygen.phase';
      readonly epoch: number;
      readonly phase: KeygenPhase;
      readonly until_height: number;
    }
  /** A dealer's own signed dealing convicts it: it is invalid, or a complaint about it was not answered. */
  | { readonly type: 'keygen.fault'; readonly epoch: number; readonly validator: string; readonly code: string }
  /** Too few dealt well; it is tried again at the next boundary. */
  | { readonly type: 'keygen.failed'; readonly epoch: number; readonly failed: readonly string[] }
  | { readonly type: 'membership.changed'; readonly epoch: number; readonly first_height: number }
  | { readonly type: 'tx.refused'; readonly account: string; readonly nonce: number; readonly code: string }
  /** One item of a batch did not apply; the others did. */
  | {
      readonly type: 'item.refused';
      readonly account: string;
      readonly nonce: number;
      readonly item: number;
      readonly code: string;
    };
