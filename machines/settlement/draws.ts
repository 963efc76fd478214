// Draws on the ledger: anyone may compute one and send it; it counts only if the beacon says the same.

import type { z } from 'zod';
import type { UnitRow } from '#schemas/settlement/state.ts';
import type { Draw, Tx } from '#schemas/settlement/transaction.ts';
import type { Code } from '#schemas/wire/codes.ts';
import {
  canDraw,
  type DrawExplanation,
  type DrawFilter,
  drawAuditors,
  drawWorker,
  explainDraw,
  type Pool,
} from '../work/draw.ts';
import { assignAuditors } from './audits.ts';
import { applyEach } from './batch.ts';
import { type Books, emit } from './books.ts';
import { waitsFor } from './indexes.ts';
import { jobOfUnit } from './jobs.ts';
import { operatorOf } from './nodes.ts';
import { drawBasis, type EarlyBeacon } from './pools.ts';
import { assignUnit } from './units.ts';

type DrawItem = z.infer<typeof Draw>;
type Purpose = DrawItem['purpose'];

/** Transaction `draw`. */
export function applyDraws(books: Books, tx: Tx, body: Extract<Tx['body'], { type: 'draw' }>): Code | null {
  if (!books.tables.nodes.has(tx.account)) return 'NOT_AUTHORISED';
  return applyEach(books, tx, body.draws, (draw) => applyDraw(books, draw));
}

function applyDraw(books: Books, draw: DrawItem): Code | null {
  const row = books.tables.tasks.get(draw.unit);
  if (row === undefined) return books.tables.proofs.has(draw.unit) ? 'DRAW_DONE' : 'UNIT_UNKNOWN';
  const wanted = purposeOf(row);
  if (wanted !== draw.purpose || row.attempt !== draw.attempt)
    return isPast(row, draw) ? 'DRAW_DONE' : 'DRAW_TOO_EARLY';
  const drawn = drawnFor(books, row, wanted);
  if (drawn === undefined) return 'DRAW_TOO_EARLY';
  if (drawn.length === 0 || drawn.join() !== draw.workers.join()) return 'DRAW_FALSE';
  if (wanted === 'work') assignUnit(books, row, drawn[0] ?? '');
  else assignAuditors(books, row, drawn, drawBasis(books, row.audit_height)?.beacon ?? new Uint8Array(0));
  return null;
}

/** Which draw the unit waits for. */
function purposeOf(row: UnitRow): Purpose | undefined {
  if (row.phase === 'to_draw') return 'work';
  return row.phase === 'audit_to_draw' ? 'audit' : undefined;
}

/** Whether that draw lies behind the unit, rather than ahead of it. */
function isPast(row: UnitRow, { attempt, purpose }: DrawItem): boolean {
  if (row.attempt !== attempt) return attempt < row.attempt;
  const isBeforeAudit = row.phase === 'to_draw' || row.phase === 'working' || row.phase === 'committed';
  return purpose === 'work' || !isBeforeAudit;
}

/** Whom the beacon names for the unit; undefined before the beacon is known. */
function drawnFor(books: Books, row: UnitRow, purpose: Purpose): readonly string[] | undefined {
  const basis = drawBasis(books, waitsFor(row));
  if (basis === undefined) return undefined;
  return recompute(books, row, purpose, basis);
}

function recompute(
  books: Books,
  row: Drawable,
  purpose: Purpose,
  basis: { beacon: Uint8Array; pool: Pool },
): readonly string[] {
  const point = { beacon: basis.beacon, purpose, unit: row.unit, attempt: row.attempt };
  const draw = purpose === 'work' ? drawWorker : drawAuditors;
  return draw(point, basis.pool, filterOf(books, row, purpose), books.crypto.sha256);
}

/** What a draw needs of a unit: kept in its proof row as well. */
type Drawable = Pick<UnitRow, 'unit' | 'attempt' | 'worker' | 'excluded'>;

/** Nobody checks or pays himself: not the client's operator, and for an audit not the worker's. */
function filterOf(books: Books, row: Drawable, purpose: Purpose): DrawFilter {
  const client = jobOfUnit(books, row.unit).operator;
  const operators = purpose === 'work' ? [client] : [client, operatorOf(books, row.worker)];
  return { operators, excluded: row.excluded };
}

/** The block brought the beacon of `height`: units that it gives to nobody, since nobody fits, wait for a later one. */
export function postponeDraws(books: Books, height: number): void {
  const basis = drawBasis(books, height);
  if (basis === undefined) return;
  for (const unit of Array.from(books.indexes.waiting.get(height) ?? []).toSorted()) {
    const row = books.tables.tasks.get(unit);
    const purpose = row && purposeOf(row);
    if (row === undefined || purpose === undefined) continue;
    if (!canDraw(purpose, basis.pool, filterOf(books, row, purpose))) postpone(books, row, purpose);
  }
}

function postpone(books: Books, row: UnitRow, purpose: Purpose): void {
  const { unit, attempt } = row;
  const draw_height = books.block.height + 1;
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
  for (const height of Array.from(books.indexes.waiting.keys()).toSorted((a, b) => a - b)) {
    const basis = drawBasis(books, height, early);
    if (basis === undefined) continue;
    for (const unit of Array.from(books.indexes.waiting.get(height) ?? []).toSorted()) {
      if (draws.length === limit) return draws;
      const row = books.tables.tasks.get(unit);
      const purpose = row && purposeOf(row);
      if (row === undefined || purpose === undefined || books.block.time_ms - row.drawable_ms < older_than_ms) continue;
      const workers = [...recompute(books, row, purpose, basis)];
      if (workers.length > 0) draws.push({ unit, attempt: row.attempt, purpose, workers });
    }
  }
  return draws;
}

/** Whether a unit waits for a beacon that only the next blocks bring, and could then be drawn by somebody who is there. */
export function waitsForBeacon(books: Books): boolean {
  const fits = (unit: string): boolean => {
    const row = books.tables.tasks.get(unit);
    const purpose = row && purposeOf(row);
    return (
      row !== undefined && purpose !== undefined && canDraw(purpose, books.pool.pool, filterOf(books, row, purpose))
    );
  };
  return books.indexes.waiting.entries().some(([at, units]) => at >= books.block.height && units.values().some(fits));
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
  const filter = filterOf(books, row, purpose);
  return explainDraw(point, { height, pool_version }, pool, filter, books.crypto.sha256);
}
