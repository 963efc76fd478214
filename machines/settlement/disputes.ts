// Disputes: worker and auditors disagree; validators compute the audited sub-units themselves, and a quorum of equal results decides each.
import { bytesToHex } from '@noble/hashes/utils.js';
import type { ValidatorSet } from '#schemas/consensus/types.ts';
import type { DisputeRow, DisputeVote, UnitRow } from '#schemas/settlement/state.ts';
import type { Tx } from '#schemas/settlement/transaction.ts';
import type { Code } from '#schemas/wire/codes.ts';
import { totalPower } from '../consensus/electorate.ts';
import { present } from '../primitives/assert.ts';
import { equalBytes } from '../primitives/bytes.ts';
import { quorum } from '../primitives/quorum.ts';
import { reportDigest } from '../work/report-digest.ts';
import { type Books, emit } from './books.ts';
import { countUnit, jobOfUnit } from './jobs.ts';
import { membershipAt } from './memberships.ts';
import { noteMisconduct } from './nodes.ts';
import { awaitAudit, exclude, requeueUnit, workOf } from './units.ts';

/** What a proven wrong result costs, in rewards of the unit (work rules, 6). */
const WRONG_RESULT_REWARDS = 10n;

/** The auditors whose report says that they got these results for the audited sub-units. */
export const auditorsWhoGot = (books: Books, row: UnitRow, results: readonly Uint8Array[]): readonly string[] =>
  row.auditors.filter((auditor, place) =>
    equalBytes(
      reportDigest(auditor, row, results, books.crypto.sha256),
      present(row.reports[place], 'each auditor has a place for its report'),
    ),
  );

/** Ask the validators about every audited sub-unit: a report tells that something differs, not where. */
export function openDispute(books: Books, row: UnitRow): void {
  books.tables.disputes.put(row.unit, { votes: [] });
  countUnit(books, jobOfUnit(books, row.unit), 'disagreements_count');
  askValidators(books, row, row.audit_indices);
}

/** Ask (again, when the deadline passes without a quorum) for what is not decided. */
export function askValidators(books: Books, row: UnitRow, indices: readonly number[]): void {
  const { unit, attempt } = row;
  const deadline_ms = books.block.time_ms + books.params.reveal_deadline_ms;
  books.tables.tasks.put(unit, { ...row, phase: 'disputed', deadline_ms });
  const work = workOf(jobOfUnit(books, unit), unit);
  for (const index of indices) emit(books, { type: 'audit.disputed', unit, attempt, index, ...work });
}

/** Transaction `adjudicate`. */
export function applyAdjudicate(books: Books, tx: Tx, body: Extract<Tx['body'], { type: 'adjudicate' }>): Code | null {
  const { unit, attempt, index, result } = body;
  if (powerOf(books, tx.account) === 0) return 'NOT_AUTHORISED';
  const row = books.tables.tasks.get(unit);
  const dispute = books.tables.disputes.get(unit);
  if (dispute === undefined && isOver(books, row, { unit, attempt })) return 'DISPUTE_OVER';
  if (dispute === undefined || row?.attempt !== attempt || !row.audit_indices.includes(index)) return 'DISPUTE_UNKNOWN';
  const hasSpoken = dispute.votes.some((vote) => vote.validator === tx.account && vote.index === index);
  if (hasSpoken) return 'ADJUDICATION_DONE';
  const next = { votes: [...dispute.votes, { validator: tx.account, index, result }] };
  books.tables.disputes.put(unit, next);
  if (undecided(books, row, next).length === 0) decide(books, row, next);
  return null;
}

/** Where a dispute leaves the attempt that it was about, if not paid or redone: with other auditors, or given up. */
const AFTER_DISPUTE: ReadonlySet<UnitRow['phase']> = new Set(['audit_to_draw', 'auditing', 'parked']);

/** Whether a dispute about the attempt, if there was one, has been decided: more than a quorum compute, and the last come late. */
function isOver(books: Books, row: UnitRow | undefined, { unit, attempt }: Pick<UnitRow, 'unit' | 'attempt'>): boolean {
  if (row === undefined) return books.tables.proofs.has(unit);
  return attempt < row.attempt || (attempt === row.attempt && AFTER_DISPUTE.has(row.phase));
}

/** The disputed sub-units without a quorum of equal results. */
export const undecided = (books: Books, row: UnitRow, dispute: DisputeRow): readonly number[] =>
  row.audit_indices.filter((index) => truthOf(books, dispute, index) === undefined);

/** The result on which validators with more than two thirds of the power agree. */
function truthOf(books: Books, { votes }: DisputeRow, index: number): Uint8Array | undefined {
  const powers = new Map<string, number>();
  for (const vote of votes) {
    if (vote.index !== index) continue;
    const result = bytesToHex(vote.result);
    const power = (powers.get(result) ?? 0) + powerOf(books, vote.validator);
    powers.set(result, power);
    if (isQuorum(books, power)) return vote.result;
  }
  return undefined;
}

/** Validators of the present set decide: the word of who left meanwhile has no weight. */
const membersNow = (books: Books): ValidatorSet => membershipAt(books, books.block.height).validators;
const powerOf = (books: Books, id: DisputeVote['validator']): number =>
  membersNow(books).find((validator) => validator.id === id)?.power ?? 0;
/** Of the power registered, not of the votes received. */
const isQuorum = (books: Books, power: number): boolean => power >= quorum(totalPower(membersNow(books)));

/** Who was wrong pays; a wrong worker loses the attempt, wrong auditors are replaced. */
function decide(books: Books, row: UnitRow, dispute: DisputeRow): void {
  const truth = row.audit_indices.map((index) => present(truthOf(books, dispute, index), 'every index is decided'));
  const right = auditorsWhoGot(books, row, truth);
  const wrong = row.auditors.filter((auditor) => !right.includes(auditor));
  const slash_units = WRONG_RESULT_REWARDS * jobOfUnit(books, row.unit).reward_per_unit_units;
  for (const auditor of wrong) noteMisconduct(books, auditor, slash_units, right, 'wrong_report');
  const judged = { ...row, excluded: exclude(row.excluded, wrong) };
  if (truth.every((result, i) => equalBytes(result, present(row.opened[i], 'the worker opened every index')))) {
    books.tables.disputes.remove(row.unit);
    awaitAudit(books, judged);
    return;
  }
  noteMisconduct(books, row.worker, slash_units, right, 'wrong_result');
  requeueUnit(books, judged, 'wrong_result');
}
