// Draws on the ledger. Who works: anyone may compute it and send it, and it counts only if the beacon says the same. Who audits:
// the ledger names them itself, in the block that brings the beacon.

import type { z } from 'zod';
import type { JobRow, UnitRow } from '#schemas/settlement/state.ts';
import type { Draw, Tx } from '#schemas/settlement/transaction.ts';
import type { Code } from '#schemas/wire/codes.ts';
import { MAX_AUDITS_PER_BLOCK } from '#schemas/wire/limits.ts';
import {
  canDraw,
  type DrawExplanation,
  type DrawFilter,
  drawAuditors,
  drawWorker,
  explainDraw,
  type Purpose,
  servesAnybody,
} from '../work/draw.ts';
import { assignAuditors } from './audits.ts';
import { applyEach } from './batch.ts';
import { type Books, emit } from './books.ts';
import { jobOfUnit } from './jobs.ts';
import { operatorOf } from './nodes.ts';
import { type DrawBasis, drawBasis, type EarlyBeacon } from './pools.ts';
import { assignUnit } from './units.ts';

type DrawItem = z.infer<typeof Draw>;

/** Transaction `draw`. */
export function applyDraws(books: Books, tx: Tx, body: Extract<Tx['body'], { type: 'draw' }>): Code | null {
  if (!books.tables.nodes.has(tx.account)) return 'NOT_AUTHORISED';
  const basisOf = drawBases(books);
  return applyEach(books, tx, body.draws, (draw) => applyDraw(books, draw, basisOf));
}

/** What decides the draws of each height, looked up once: a batch has many of the same few. */
function drawBases(books: Books): (height: number) => DrawBasis | undefined {
  const bases = new Map<number, DrawBasis | undefined>();
  return (height) => {
    if (!bases.has(height)) bases.set(height, drawBasis(books, height));
    return bases.get(height);
  };
}

function applyDraw(
  books: Books,
  { unit, attempt, worker }: DrawItem,
  basisOf: (height: number) => DrawBasis | undefined,
): Code | null {
  const row = books.tables.tasks.get(unit);
  if (row === undefined) return books.tables.proofs.has(unit) ? 'DRAW_DONE' : 'UNIT_UNKNOWN';
  if (attempt > row.attempt) return 'DRAW_TOO_EARLY';
  if (attempt < row.attempt || row.phase !== 'to_draw') return 'DRAW_DONE';
  const basis = basisOf(row.draw_height);
  if (basis === undefined) return 'DRAW_TOO_EARLY';
  const job = jobOfUnit(books, unit);
  if (workerOf(books, row, job, basis) !== worker) return 'DRAW_FALSE';
  assignUnit(books, row, job, worker);
  return null;
}

/** Whom the beacon names to work on the unit; undefined where nobody fits. */
function workerOf(books: Books, row: UnitRow, job: JobRow, { beacon, pool }: DrawBasis): string | undefined {
  const point = { beacon, purpose: 'work', unit: row.unit, attempt: row.attempt } as const;
  return drawWorker(point, pool, filterOf(books, row, job, 'work'), books.crypto.sha256)[0];
}

/** What a draw needs of a unit: kept in its proof row as well. */
type Drawable = Pick<UnitRow, 'unit' | 'attempt' | 'worker' | 'excluded' | 'barred_count'>;

/** Nobody checks or pays himself: not the client's operator, and for an audit not the worker's. */
function filterOf(books: Books, row: Drawable, { operator: client }: JobRow, purpose: Purpose): DrawFilter {
  if (purpose === 'work') return { operators: [client], excluded: row.excluded.slice(0, row.barred_count) };
  return { operators: [client, operatorOf(books, row.worker)], excluded: row.excluded };
}

/**
 * The block brought the beacon of `height`: it names the auditors of the units that waited for it. Units that it gives to
 * nobody, since nobody fits, wait for the next one; so do those whose audits would make the block too long.
 */
export function hearBeacon(books: Books, height: number): void {
  const basis = drawBasis(books, height);
  if (basis === undefined) return;
  const perhapsUnserved = servesAnybody(basis.pool) ? [] : rowsWaiting(books, 'work', height);
  for (const row of perhapsUnserved)
    if (!canDraw('work', basis.pool, filterOf(books, row, jobOfUnit(books, row.unit), 'work')))
      postpone(books, row, 'work');
  rowsWaiting(books, 'audit', height).forEach((row, i) => {
    if (i >= MAX_AUDITS_PER_BLOCK || !nameAuditors(books, row, basis)) postpone(books, row, 'audit');
  });
}

/** Units that wait for the beacon of a height, in the order that all nodes have in common. */
function rowsWaiting(books: Books, purpose: Purpose, height: number): UnitRow[] {
  const units = Array.from(books.indexes.waiting[purpose].get(height) ?? []).toSorted();
  return units.flatMap((unit) => books.tables.tasks.get(unit) ?? []);
}

/** Whether the beacon names any. */
function nameAuditors(books: Books, row: UnitRow, { beacon, pool }: DrawBasis): boolean {
  const point = { beacon, purpose: 'audit', unit: row.unit, attempt: row.attempt } as const;
  const job = jobOfUnit(books, row.unit);
  const auditors = drawAuditors(point, pool, filterOf(books, row, job, 'audit'), books.crypto.sha256);
  if (auditors.length > 0) assignAuditors(books, row, job, auditors, beacon);
  return auditors.length > 0;
}

function postpone(books: Books, row: UnitRow, purpose: Purpose): void {
  const { unit, attempt } = row;
  const draw_height = books.block.height;
  books.tables.tasks.put(unit, { ...row, [purpose === 'work' ? 'draw_height' : 'audit_height']: draw_height });
  emit(books, { type: 'unit.drawable', unit, attempt, purpose, draw_height });
}

/**
 * Draws that are possible now, oldest first: what a shuffler sends, and stand-ins for what has waited long.
 *
 * @param early the beacon of the last height, for draws in the very block that brings it
 */
export function pendingDraws(
  books: Books,
  older_than_ms: number,
  limit: number,
  early?: EarlyBeacon,
): readonly DrawItem[] {
  const draws: DrawItem[] = [];
  for (const height of Array.from(books.indexes.waiting.work.keys()).toSorted((a, b) => a - b)) {
    const basis = drawBasis(books, height, early);
    if (basis === undefined) continue;
    for (const row of rowsWaiting(books, 'work', height)) {
      if (draws.length === limit) return draws;
      if (books.block.time_ms - row.drawable_ms < older_than_ms) continue;
      const worker = workerOf(books, row, jobOfUnit(books, row.unit), basis);
      if (worker !== undefined) draws.push({ unit: row.unit, attempt: row.attempt, worker });
    }
  }
  return draws;
}

/** Whether a draw of this purpose waits for a beacon that only the next blocks bring, and could then find somebody who is there. */
export function waitsForBeacon(books: Books, purpose: Purpose): boolean {
  const fits = (unit: string): boolean => {
    const row = books.tables.tasks.get(unit);
    return (
      row !== undefined && canDraw(purpose, books.pool.pool, filterOf(books, row, jobOfUnit(books, unit), purpose))
    );
  };
  const waiting = books.indexes.waiting[purpose].entries();
  return waiting.some(([at, units]) => at >= books.block.height && units.values().some(fits));
}

/**
 * How the present attempt of a unit was drawn, or the paid one of a settled unit; undefined when that draw has not been
 * possible yet or its height is no longer kept.
 */
export function explainUnitDraw(books: Books, unit: string, purpose: Purpose): DrawExplanation | undefined {
  const row = books.tables.tasks.get(unit) ?? books.tables.proofs.get(unit);
  const height = purpose === 'work' ? row?.draw_height : row?.audit_height;
  const basis = height === undefined ? undefined : drawBasis(books, height);
  if (row === undefined || height === undefined || basis === undefined) return undefined;
  const { beacon, pool, pool_version } = basis;
  const point = { beacon, purpose, unit, attempt: row.attempt };
  const filter = filterOf(books, row, jobOfUnit(books, unit), purpose);
  return explainDraw(point, { height, pool_version }, pool, filter, books.crypto.sha256);
}
