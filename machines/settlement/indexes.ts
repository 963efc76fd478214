// What the ledger must find quickly, derived from its rows: kept true on every change and its taking back, never stored.
import type { JobRow, UnitRow } from '#schemas/settlement/state.ts';
import type { Purpose } from '../work/draw.ts';
import type { Tables } from './tables.ts';

export type Indexes = {
  /** Sum of all balances by asset. */
  readonly totals: Map<string, bigint>;
  /** Units that wait for a draw, by its purpose and by the height that decides it. */
  readonly waiting: Readonly<Record<Purpose, Map<number, Set<string>>>>;
  /** Units under way: released, neither settled nor parked. */
  readonly open: Set<string>;
  /** How many units under way need each node. */
  readonly assignments: Map<string, number>;
  /** Units with a deadline, by its second of block time. */
  readonly deadlines: Map<number, Set<string>>;
  /** Jobs that are not finished. */
  readonly jobs: Map<string, JobRow>;
  /** Finished jobs that no settlement names yet: closing one empties it. */
  readonly finished: Set<string>;
  readonly workers: Set<string>;
  /** Epoch of the newest membership. */
  epoch: number;
  /** Heights that a unit under way rests on, and pool versions that a kept beacon rests on: how often. */
  readonly heights: Map<number, number>;
  readonly versions: Map<number, number>;
  /** Pool members on the ledger, over all kept versions. */
  members_count: number;
  /** Something was written that may change who can be drawn. */
  is_pool_stale: boolean;
};

export function createIndexes(tables: Tables): Indexes {
  const indexes: Indexes = {
    totals: new Map(),
    waiting: { work: new Map(), audit: new Map() },
    open: new Set(),
    assignments: new Map(),
    deadlines: new Map(),
    jobs: new Map(),
    finished: new Set(),
    workers: new Set(),
    epoch: 0,
    heights: new Map(),
    versions: new Map(),
    members_count: 0,
    is_pool_stale: true,
  };
  watchMoney(tables, indexes);
  watchJobs(tables, indexes);
  watchNodes(tables, indexes);
  watchUnits(tables, indexes);
  watchDraws(tables, indexes);
  watchMemberships(tables, indexes);
  return indexes;
}

function watchMoney(tables: Tables, indexes: Indexes): void {
  tables.accounts.watch((id, after, before) => {
    const asset = id.slice(0, id.indexOf('/'));
    const difference = (after?.amount_units ?? 0n) - (before?.amount_units ?? 0n);
    indexes.totals.set(asset, (indexes.totals.get(asset) ?? 0n) + difference);
    if (asset === 'stake' && indexes.workers.has(id.slice(6))) indexes.is_pool_stale = true;
  });
}

function watchJobs(tables: Tables, indexes: Indexes): void {
  tables.jobs.watch((id, after) => {
    const isFinished = after !== undefined && after.finished_height > 0;
    if (after === undefined || isFinished) indexes.jobs.delete(id);
    else indexes.jobs.set(id, after);
    if (isFinished) indexes.finished.add(id);
    else indexes.finished.delete(id);
  });
}

function watchNodes(tables: Tables, indexes: Indexes): void {
  tables.nodes.watch((id, after, before) => {
    const row = after ?? before;
    if (row?.kind !== 'worker') return;
    if (after === undefined) indexes.workers.delete(id);
    else indexes.workers.add(id);
    const isSame = after?.last_seen_ms === before?.last_seen_ms && after?.paused_until_ms === before?.paused_until_ms;
    if (!isSame) indexes.is_pool_stale = true;
  });
}

/** A unit changes with every step of its life, and a step changes little of what is found by: only that is moved. */
function watchUnits(tables: Tables, indexes: Indexes): void {
  tables.tasks.watch((unit, after, before) => {
    const was = isOpen(before) ? before : undefined;
    const is = isOpen(after) ? after : undefined;
    moveUnit(indexes.deadlines, unit, deadlineSecond(was), deadlineSecond(is));
    moveUnit(indexes.waiting.work, unit, workHeight(was), workHeight(is));
    moveUnit(indexes.waiting.audit, unit, auditHeight(was), auditHeight(is));
    moveCount(indexes.heights, was?.draw_height, is?.draw_height);
    moveCount(indexes.heights, was?.audit_height, is?.audit_height);
    moveCount(indexes.assignments, was?.worker, is?.worker);
    if (was?.auditors !== is?.auditors) {
      for (const auditor of was?.auditors ?? []) count(indexes.assignments, auditor, -1);
      for (const auditor of is?.auditors ?? []) count(indexes.assignments, auditor, 1);
    }
    if (is === undefined) indexes.open.delete(unit);
    else if (was === undefined) indexes.open.add(unit);
  });
}

function watchDraws(tables: Tables, indexes: Indexes): void {
  tables.beacons.watch((_height, after, before) => {
    if (before !== undefined) count(indexes.versions, before.pool_version, -1);
    if (after !== undefined) count(indexes.versions, after.pool_version, 1);
  });
  tables.pools.watch((_version, after, before) => {
    indexes.members_count += ((after?.members.length ?? 0) - (before?.members.length ?? 0)) / 64;
  });
}

/** Memberships come at the end of blocks, one after the other, and stay. */
function watchMemberships(tables: Tables, indexes: Indexes): void {
  tables.memberships.watch((_epoch, after) => {
    indexes.epoch = Math.max(indexes.epoch, after?.epoch ?? 0);
  });
}

/** Where a unit without a deadline is kept by its deadline, or one that waits for no draw by its height. */
const NOWHERE = -1;

/** Block-time second of the phase's deadline. */
const deadlineSecond = (row: UnitRow | undefined): number =>
  row === undefined || row.deadline_ms === 0 ? NOWHERE : Math.floor(row.deadline_ms / 1000);

/** Keep a unit under another number. */
function moveUnit(sets: Map<number, Set<string>>, unit: string, from: number, to: number): void {
  if (from === to) return;
  if (from !== NOWHERE) take(sets, from, unit);
  if (to !== NOWHERE) put(sets, to, unit);
}

/** Count one more of `to` and one less of `from`; no height is 0 and no worker '', so these are not counted. */
function moveCount<K extends number | string>(counts: Map<K, number>, from: K | undefined, to: K | undefined): void {
  if (from === to) return;
  if (from) count(counts, from, -1);
  if (to) count(counts, to, 1);
}

function put(sets: Map<number, Set<string>>, key: number, unit: string): void {
  const set = sets.get(key);
  if (set === undefined) sets.set(key, new Set([unit]));
  else set.add(unit);
}

function take(sets: Map<number, Set<string>>, key: number, unit: string): void {
  const set = sets.get(key);
  if (set?.delete(unit) === true && set.size === 0) sets.delete(key);
}

const isOpen = (row: UnitRow | undefined): boolean => row !== undefined && row.phase !== 'parked';

/** Heights whose beacon and registry the unit waits for. */
const workHeight = (row: UnitRow | undefined): number => (row?.phase === 'to_draw' ? row.draw_height : NOWHERE);
const auditHeight = (row: UnitRow | undefined): number => (row?.phase === 'audit_to_draw' ? row.audit_height : NOWHERE);

function count<K>(counts: Map<K, number>, key: K, difference: number): void {
  const sum = (counts.get(key) ?? 0) + difference;
  if (sum === 0) counts.delete(key);
  else counts.set(key, sum);
}
