// Release: how many units are open at once follows from how many workers there are.
import type { JobRow } from '#schemas/settlement/state.ts';
import { MAX_RELEASES_PER_BLOCK } from '#schemas/wire/limits.ts';
import { unitId } from '../work/units.ts';
import type { Books } from './books.ts';
import { releaseUnit } from './units.ts';

/** End of a block: release units, oldest job first, while the workers can hold more. */
export function releaseUnits(books: Books): void {
  const capacity = books.pool.pool.size * books.params.open_units_per_worker - books.indexes.open.size;
  let left = Math.min(capacity, MAX_RELEASES_PER_BLOCK);
  if (left <= 0) return;
  const waiting = Array.from(books.indexes.jobs.values()).filter((job) => job.released_count < job.units_count);
  for (const job of waiting.toSorted(byAge)) {
    const end = Math.min(job.units_count, job.released_count + left);
    for (let index = job.released_count; index < end; index++) releaseUnit(books, unitId(job.id, index));
    left -= end - job.released_count;
    books.tables.jobs.put(job.id, { ...job, released_count: end });
    if (left === 0) return;
  }
}

const byAge = (a: JobRow, b: JobRow): number => a.submitted_height - b.submitted_height || (a.id < b.id ? -1 : 1);
