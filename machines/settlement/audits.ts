// Audits: the worker opens the sub-units that the beacon names, two auditors recompute them; all equal, and the unit is paid.
import type { JobRow, UnitRow } from '#schemas/settlement/state.ts';
import type { Open, Report } from '#schemas/settlement/transaction.ts';
import type { Code } from '#schemas/wire/codes.ts';
import { allocate } from '../primitives/allocate.ts';
import { assert, present } from '../primitives/assert.ts';
import { auditIndices, sampleSize } from '../work/audit.ts';
import { KERNELS, type KernelName } from '../work/kernels/kernel.ts';
import { verifySubUnit } from '../work/kernels/unit-tree.ts';
import { escrowOf, settle } from './accounts.ts';
import { type Books, emit } from './books.ts';
import { auditorsWhoGot, openDispute } from './disputes.ts';
import { countUnit, jobOfUnit } from './jobs.ts';
import { notePass } from './nodes.ts';
import { isOver, rowOfWorker, workOf } from './units.ts';

const UNREPORTED = new Uint8Array(0);
/** Shares of a unit's reward: worker 80 %, each auditor 10 %. */
const WORKER_SHARE = 8n;
const AUDITOR_SHARE = 1n;

/**
 * The beacon named the auditors. The sub-units come from the same beacon, once: a second set of auditors looks at the
 * same ones, so that nobody gains by waiting for another sample.
 */
export function assignAuditors(
  books: Books,
  row: UnitRow,
  job: JobRow,
  auditors: readonly string[],
  beacon: Uint8Array,
): void {
  const { unit, attempt, worker } = row;
  const indices = row.audit_indices.length > 0 ? row.audit_indices : sample(books, row, job, beacon);
  const deadline_ms = books.block.time_ms + books.params.reveal_deadline_ms;
  const reports = auditors.map(() => UNREPORTED);
  books.tables.tasks.put(unit, { ...row, phase: 'auditing', auditors, audit_indices: indices, reports, deadline_ms });
  countUnit(books, job, 'audits_count');
  emit(books, {
    type: 'audit.assigned',
    unit,
    attempt,
    worker,
    auditors,
    indices,
    ...workOf(job, unit),
    deadline_ms,
  });
}

function sample(books: Books, row: UnitRow, { kernel }: JobRow, beacon: Uint8Array): readonly number[] {
  const { unit, attempt, worker } = row;
  const { sub_units_count } = present(KERNELS.get(kernel), 'jobs name known kernels');
  const passed_count = books.tables.nodes.get(worker)?.passed_count ?? 0;
  const point = { beacon, purpose: 'indices', unit, attempt } as const;
  return auditIndices(point, sampleSize(passed_count, sub_units_count), sub_units_count, books.crypto.sha256);
}

/** A worker opens exactly the audited sub-units, in their order. */
export function applyOpen(books: Books, account: string, [unit, attempt, openings]: Open): Code | null {
  const row = rowOfWorker(books, account, unit, attempt);
  if (typeof row === 'string') return row;
  if (row.opened.length > 0) return 'OPENING_DONE';
  if (row.phase !== 'auditing') return 'AUDIT_NOT_OPEN';
  if (isOver(books, row)) return 'ATTEMPT_OVER';
  const kernel = jobOfUnit(books, unit).kernel as KernelName;
  const isGood =
    openings.length === row.audit_indices.length &&
    openings.every(([result, proof], i) => {
      const index = present(row.audit_indices[i], 'there are as many');
      return verifySubUnit(kernel, row.root, index, result, proof, books.crypto.sha256);
    });
  if (!isGood) return 'OPENING_INVALID';
  return compare(books, { ...row, opened: openings.map(([result]) => result) });
}

/** An auditor reports what it got for them. */
export function applyReport(books: Books, account: string, [unit, attempt, digest]: Report): Code | null {
  const row = books.tables.tasks.get(unit);
  if (row === undefined) return books.tables.proofs.has(unit) ? 'ATTEMPT_OVER' : 'UNIT_UNKNOWN';
  const place = row.auditors.indexOf(account);
  if (attempt < row.attempt) return 'ATTEMPT_OVER';
  if (place < 0 || attempt > row.attempt) return 'NOT_DRAWN';
  if (row.reports[place]?.length !== 0) return 'REPORT_DONE';
  if (row.phase !== 'auditing' || isOver(books, row)) return 'AUDIT_NOT_OPEN';
  return compare(books, { ...row, reports: row.reports.with(place, digest) });
}

/** Once the openings and both reports are in, compare them: whoever reports must have got what the worker opened. */
function compare(books: Books, row: UnitRow): null {
  const isComplete = row.opened.length > 0 && row.reports.every((report) => report.length > 0);
  if (isComplete) judge(books, row);
  else books.tables.tasks.put(row.unit, row);
  return null;
}

function judge(books: Books, row: UnitRow): void {
  if (auditorsWhoGot(books, row, row.opened).length < row.auditors.length) openDispute(books, row);
  else payUnit(books, row);
}

/** The result is checked: pay it, once, and keep the receipt. */
function payUnit(books: Books, row: UnitRow): void {
  const { unit, worker, auditors, attempt, root, draw_height, audit_height, audit_indices } = row;
  const { excluded, barred_count } = row;
  const job = jobOfUnit(books, unit);
  const weights = [{ key: worker, weight: WORKER_SHARE }, ...auditors.map((key) => ({ key, weight: AUDITOR_SHARE }))];
  settle(books, 'credit', escrowOf(job.id), allocate(job.reward_per_unit_units, weights));
  const drawn = { draw_height, audit_height, audit_indices, excluded, barred_count };
  const receipt = { unit, worker, auditors, attempt, root, ...drawn };
  books.tables.proofs.update(unit, (before) => {
    assert(before === undefined, `unit ${unit} is paid once`);
    return { ...receipt, settled_height: books.block.height };
  });
  books.tables.tasks.remove(unit);
  notePass(books, worker);
  emit(books, { type: 'unit.settled', unit, attempt, worker, auditors });
  countUnit(books, job, 'settled_count');
}
