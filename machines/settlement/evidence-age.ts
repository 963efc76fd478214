// How old an offence may be: the ledger notes the first block of each hour, so that it can tell the age of a height.
import { MAX_EVIDENCE_AGE_HEIGHTS, MAX_EVIDENCE_AGE_MS } from '#schemas/wire/limits.ts';
import type { Books } from './books.ts';

const HOUR_MS = 3_600_000;
const MAX_AGE_HOURS = MAX_EVIDENCE_AGE_MS / HOUR_MS;

const hourOf = (time_ms: number): number => Math.floor(time_ms / HOUR_MS);

/** Start of a block: note the first of its hour, and forget the hours before the newest that is old enough to tell by. @param before_ms time of the block before */
export function noteHour(books: Books, before_ms: number): void {
  const hour = hourOf(books.block.time_ms);
  if (hour === hourOf(before_ms)) return;
  const { hours } = books.tables;
  hours.put(`${hour}`, { first_height: books.block.height });
  const telling = tellingHour(books);
  const known = Array.from(hours.entries(), ([key]) => Number(key));
  for (const old of known) if (old < telling) hours.remove(`${old}`);
}

/** Whether what happened at `height` lies further back than both limits. */
export function isTooOld(books: Books, height: number): boolean {
  if (books.block.height - height <= MAX_EVIDENCE_AGE_HEIGHTS) return false;
  const first = books.tables.hours.get(`${tellingHour(books)}`)?.first_height ?? 0;
  return height < first;
}

/** The newest hour whose blocks are all beyond the age, or −1: what lies before its first block is older still. */
function tellingHour(books: Books): number {
  const last = hourOf(books.block.time_ms) - MAX_AGE_HOURS;
  const known = Array.from(books.tables.hours.entries(), ([key]) => Number(key));
  return known.reduce((newest, hour) => (hour <= last && hour > newest ? hour : newest), -1);
}
