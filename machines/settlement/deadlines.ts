// Deadlines by block time: what did not come in time is drawn again; an outage costs little, silence after a commit more.
import type { UnitRow } from '#schemas/settlement/state.ts';
import { MAX_DEADLINES_PER_BLOCK } from '#schemas/wire/limits.ts';
import { present } from '../primitives/assert.ts';
import { type Books, emit } from './books.ts';
import { askValidators, undecided } from './disputes.ts';
import { jobOfUnit } from './jobs.ts';
import { noteFault, slash } from './nodes.ts';
import { awaitAudit, exclude, requeueUnit } from './units.ts';

/** Start of a block: handle what is due, earliest first. */
export function passDeadlines(books: Books): void {
  const due = dueUnits(books).toSorted((a, b) => a.deadline_ms - b.deadline_ms || (a.unit < b.unit ? -1 : 1));
  for (const row of due.slice(0, MAX_DEADLINES_PER_BLOCK)) passDeadline(books, row);
}

function dueUnits(books: Books): UnitRow[] {
  const { time_ms } = books.block;
  const seconds = Array.from(books.indexes.deadlines.keys()).filter((second) => second * 1000 <= time_ms);
  const units = seconds.flatMap((second) => Array.from(books.indexes.deadlines.get(second) ?? []));
  return units.flatMap((unit) => books.tables.tasks.get(unit) ?? []).filter((row) => row.deadline_ms <= time_ms);
}

function passDeadline(books: Books, row: UnitRow): void {
  if (row.phase === 'working') return late(books, row);
  if (row.phase === 'committed') return silent(books, row, 'no_reveal');
  if (row.phase === 'auditing')
    return row.opened.length === 0 ? silent(books, row, 'no_opening') : auditLate(books, row);
  const dispute = present(books.tables.disputes.get(row.unit), 'a disputed unit has a dispute');
  askValidators(books, row, undecided(books, row, dispute));
}

function late(books: Books, row: UnitRow): void {
  noteFault(books, row.worker);
  requeueUnit(books, row, 'late');
}

/** The worker committed itself and then did not show its result: one reward of its stake (work rules, 6). */
function silent(books: Books, row: UnitRow, reason: 'no_reveal' | 'no_opening'): void {
  slash(books, row.worker, jobOfUnit(books, row.unit).reward_per_unit_units, [], reason);
  noteFault(books, row.worker);
  requeueUnit(books, row, reason);
}

/** Auditors who did not report are replaced; the opened sub-units stay. */
function auditLate(books: Books, row: UnitRow): void {
  const { unit, attempt } = row;
  const silentOnes = row.auditors.filter((_, place) => row.reports[place]?.length === 0);
  for (const worker of silentOnes) {
    noteFault(books, worker);
    emit(books, { type: 'unit.requeued', unit, attempt, worker, reason: 'audit_late' });
  }
  awaitAudit(books, { ...row, excluded: exclude(row.excluded, silentOnes) });
}
