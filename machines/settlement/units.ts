// Units on their way to a result: released, drawn, committed, revealed; or drawn again, and parked in the end.
import type { JobRow, LedgerEvent, UnitRow } from '#schemas/settlement/state.ts';
import type { Commit, Reveal } from '#schemas/settlement/transaction.ts';
import type { Code } from '#schemas/wire/codes.ts';
import { fromU128 } from '#schemas/wire/fields.ts';
import { MAX_ATTEMPTS, MAX_JOB_SUSPECTS } from '#schemas/wire/limits.ts';
import { equalBytes } from '../primitives/bytes.ts';
import { commitment } from '../work/commitment.ts';
import { unitStart } from '../work/units.ts';
import { escrowOf, settle } from './accounts.ts';
import { type Books, emit } from './books.ts';
import { countUnit, jobOfUnit } from './jobs.ts';

const NONE = new Uint8Array(0);
type RequeueReason = Extract<LedgerEvent, { type: 'unit.requeued' }>['reason'];

/** The unit enters the lottery: the beacon of this very height decides, which nobody knows before the block is final. */
export function releaseUnit(books: Books, unit: string): void {
  enterLottery(books, unit, 1, []);
}

function enterLottery(books: Books, unit: string, attempt: number, excluded: readonly string[]): void {
  const draw_height = books.block.height;
  books.tables.tasks.put(unit, {
    unit,
    phase: 'to_draw',
    attempt,
    draw_height,
    audit_height: 0,
    drawable_ms: books.block.time_ms,
    worker: '',
    auditors: [],
    deadline_ms: 0,
    commitment: NONE,
    committed_height: 0,
    root: NONE,
    audit_indices: [],
    opened: [],
    reports: [],
    excluded,
    barred_count: excluded.length,
  });
  emit(books, { type: 'unit.drawable', unit, attempt, purpose: 'work', draw_height });
}

/** The lottery gave the unit to a worker. */
export function assignUnit(books: Books, row: UnitRow, job: JobRow, worker: string): void {
  const { unit, attempt } = row;
  const deadline_ms = books.block.time_ms + books.params.commit_deadline_ms;
  books.tables.tasks.put(unit, { ...row, phase: 'working', worker, deadline_ms });
  countUnit(books, job, 'attempts_count');
  emit(books, { type: 'unit.assigned', unit, attempt, worker, ...workOf(job, unit), deadline_ms });
}

/** What a worker or auditor must know to compute a unit of the job. */
export function workOf(job: JobRow, unit: string): Pick<JobRow, 'kernel' | 'start' | 'unit_log2'> {
  return { kernel: job.kernel, start: unitStart(job, unit), unit_log2: job.unit_log2 };
}

/**
 * The unit's row if `account` is its worker in this very attempt; a code otherwise. Whether the phase fits is for the
 * caller to say.
 */
export function rowOfWorker(books: Books, account: string, unit: string, attempt: number): UnitRow | Code {
  const row = books.tables.tasks.get(unit);
  if (row === undefined) return books.tables.proofs.has(unit) ? 'ATTEMPT_OVER' : 'UNIT_UNKNOWN';
  if (attempt < row.attempt || row.phase === 'parked') return 'ATTEMPT_OVER';
  return row.worker === account && row.attempt === attempt ? row : 'NOT_DRAWN';
}

/** Whether the phase's deadline has passed by block time, handled or not. */
export const isOver = (books: Books, row: UnitRow): boolean =>
  row.deadline_ms > 0 && books.block.time_ms >= row.deadline_ms;

/** A worker fixes its result. */
export function applyCommit(books: Books, account: string, [unit, attempt, commitment]: Commit): Code | null {
  const row = rowOfWorker(books, account, unit, attempt);
  if (typeof row === 'string') return row;
  if (row.phase !== 'working') return 'COMMIT_DONE';
  if (isOver(books, row)) return 'ATTEMPT_OVER';
  const deadline_ms = books.block.time_ms + books.params.reveal_deadline_ms;
  const committed_height = books.block.height;
  books.tables.tasks.put(unit, { ...row, phase: 'committed', commitment, committed_height, deadline_ms });
  emit(books, { type: 'unit.committed', unit, attempt, worker: account, deadline_ms });
  return null;
}

/** A worker shows what it committed to, in a later block. */
export function applyReveal(books: Books, account: string, reveal: Reveal): Code | null {
  const [unit, attempt, root, output_hash, fuel, salt, suspects] = reveal;
  const row = rowOfWorker(books, account, unit, attempt);
  if (typeof row === 'string') return row;
  if (row.phase === 'working') return 'REVEAL_WITHOUT_COMMIT';
  if (row.phase !== 'committed') return 'REVEAL_DONE';
  if (row.committed_height === books.block.height) return 'REVEAL_EARLY';
  if (isOver(books, row)) return 'ATTEMPT_OVER';
  const shown = { unit, attempt, root, output_hash, fuel, salt };
  if (!equalBytes(commitment(account, shown, books.crypto.sha256), row.commitment)) return 'REVEAL_MISMATCH';
  const job = jobOfUnit(books, unit);
  if (!suspects.every((number) => isWithin(job, unit, number))) return 'SUSPECT_OUT_OF_RANGE';
  noteSuspects(books, job, unit, account, suspects);
  emit(books, { type: 'unit.revealed', unit, attempt, worker: account });
  awaitAudit(books, { ...row, root });
  return null;
}

/** The unit waits for auditors, whom the beacon of this height names in the next block. */
export function awaitAudit(books: Books, row: UnitRow): void {
  const { unit, attempt } = row;
  const audit_height = books.block.height;
  const waiting = { phase: 'audit_to_draw', audit_height, deadline_ms: 0, auditors: [], reports: [] } as const;
  books.tables.tasks.put(unit, { ...row, ...waiting });
  emit(books, { type: 'unit.drawable', unit, attempt, purpose: 'audit', draw_height: audit_height });
}

function isWithin(job: JobRow, unit: string, number: Uint8Array): boolean {
  const offset = fromU128(number) - fromU128(unitStart(job, unit));
  return offset >= 0n && offset < 1n << BigInt(job.unit_log2);
}

/** Numbers that want an exact look are kept with the job; naming one is never punished (work rules, 6). */
function noteSuspects(books: Books, job: JobRow, unit: string, worker: string, suspects: readonly Uint8Array[]): void {
  if (suspects.length === 0) return;
  const kept = [...job.suspects, ...suspects].slice(0, MAX_JOB_SUSPECTS);
  books.tables.jobs.put(job.id, { ...job, suspects: kept });
  for (const number of suspects) emit(books, { type: 'suspect.reported', unit, worker, number });
}

/**
 * The attempt has failed: the unit goes back to the lottery without its worker, its reward untouched; after the last
 * attempt it is parked and the reward goes back to the client.
 */
export function requeueUnit(books: Books, row: UnitRow, reason: RequeueReason): void {
  const { unit, attempt, worker } = row;
  emit(books, { type: 'unit.requeued', unit, attempt, worker, reason });
  books.tables.disputes.remove(unit);
  if (attempt === MAX_ATTEMPTS) return parkUnit(books, row);
  enterLottery(books, unit, attempt + 1, exclude(row.excluded, [worker]));
}

/** More who failed this unit, each once. */
export const exclude = (excluded: readonly string[], failed: readonly string[]): readonly string[] =>
  Array.from(new Set([...excluded, ...failed]));

function parkUnit(books: Books, row: UnitRow): void {
  const { unit } = row;
  const job = jobOfUnit(books, unit);
  books.tables.tasks.put(unit, { ...row, phase: 'parked', deadline_ms: 0 });
  settle(books, 'credit', escrowOf(job.id), [{ key: job.account, amount_units: job.reward_per_unit_units }]);
  emit(books, { type: 'unit.parked', unit });
  countUnit(books, job, 'parked_count');
}
