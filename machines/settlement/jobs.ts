// Jobs: what a client asks for, paid into escrow first; their units are released to the lottery in order.

import type { JobRow } from '#schemas/settlement/state.ts';
import type { Tx } from '#schemas/settlement/transaction.ts';
import type { Code } from '#schemas/wire/codes.ts';
import { fromU128 } from '#schemas/wire/fields.ts';
import { MAX_AMOUNT, MAX_OPEN_JOBS } from '#schemas/wire/limits.ts';
import { assert, present } from '../primitives/assert.ts';
import { isUnit, kernelSpec } from '../work/kernels/kernel.ts';
import { jobId, jobOf } from '../work/units.ts';
import { balanceOf, escrowOf, move } from './accounts.ts';
import { type Books, emit } from './books.ts';
import { operatorOf } from './nodes.ts';

/** Least reward of a unit: ten minor units split 8 : 1 : 1 without rounding. */
const MIN_REWARD_UNITS = 10n;

type Submit = Extract<Tx['body'], { type: 'job.submit' }>;

/** Transaction `job.submit`: the whole reward goes into escrow before anybody works. */
export function applySubmit(books: Books, tx: Tx, body: Submit): Code | null {
  const id = jobId(tx.account, body.idempotency_key, books.crypto.sha256);
  const escrow_units = body.reward_per_unit_units * BigInt(body.units);
  if (books.tables.jobs.has(id)) return 'JOB_EXISTS';
  if (books.indexes.jobs.size >= MAX_OPEN_JOBS) return 'JOBS_FULL';
  if (!isRange(body)) return 'JOB_RANGE_INVALID';
  if (body.reward_per_unit_units < MIN_REWARD_UNITS) return 'JOB_REWARD_LOW';
  if (escrow_units > MAX_AMOUNT) return 'AMOUNT_INVALID';
  if (balanceOf(books, 'credit', tx.account) < escrow_units) return 'BALANCE_LOW';
  move(books, 'credit', tx.account, escrowOf(id), escrow_units);
  books.tables.jobs.put(id, newJob(books, id, tx.account, body));
  emit(books, { type: 'job.accepted', job: id, account: tx.account, units_count: body.units });
  return null;
}

/** Every unit is one that the kernel can compute: the first is, and the last ends within its bounds. */
function isRange({ kernel, start, unit_log2, units }: Submit): boolean {
  const first = fromU128(start);
  return (
    isUnit({ kernel, start: first, unit_log2 }) &&
    first + (BigInt(units) << BigInt(unit_log2)) <= kernelSpec(kernel).max_end
  );
}

function newJob(books: Books, id: string, account: string, body: Submit): JobRow {
  const { kernel, start, unit_log2, units, reward_per_unit_units } = body;
  const { height: submitted_height, time_ms: submitted_ms } = books.block;
  const asked = { kernel, start, unit_log2, units_count: units, reward_per_unit_units, submitted_height, submitted_ms };
  const units_counts = { released_count: 0, settled_count: 0, parked_count: 0 };
  const work_counts = { attempts_count: 0, audits_count: 0, disagreements_count: 0 };
  const end = { suspects: [], finished_height: 0, finished_ms: 0 };
  return { id, account, operator: operatorOf(books, account), ...asked, ...units_counts, ...work_counts, ...end };
}

/** The job of a unit under way. */
export const jobOfUnit = (books: Books, unit: string): JobRow =>
  present(books.tables.jobs.get(jobOf(unit)), `the job of unit ${unit} is kept`);

type Counter = 'attempts_count' | 'audits_count' | 'disagreements_count' | 'settled_count' | 'parked_count';

/** Add one to a counter of a unit's job as it stands; the last unit that ends finishes the job. */
export function countUnit(books: Books, before: JobRow, counter: Counter): void {
  const job = { ...before, [counter]: before[counter] + 1 };
  const isFinished = job.settled_count + job.parked_count === job.units_count;
  if (!isFinished) return books.tables.jobs.put(job.id, job);
  const { height: finished_height, time_ms: finished_ms } = books.block;
  assert(balanceOf(books, 'credit', escrowOf(job.id)) === 0n, `job ${job.id} ends with nothing in escrow`);
  books.tables.jobs.put(job.id, { ...job, finished_height, finished_ms });
  emit(books, { type: 'job.finished', job: job.id });
}
