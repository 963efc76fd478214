// A liar that cuts its first chunk short: a true run of rows, with the right proof, which ends before the next chunk begins.
import { RowFold } from '#machines/primitives/state-range.ts';
import { sha256 } from '#runtime/keys/sha256.ts';
import { encodeChunk, type Lie } from './snapshots.ts';

/** Rows that it gives of the first chunk. */
const GIVEN = 3;

export function shortFirst(state: ReadonlyMap<string, Uint8Array>): {
  readonly lie: Lie;
  readonly told: () => boolean;
} {
  const rows = Array.from(state, ([key, value]) => ({ key, value })).toSorted((a, b) => (a.key < b.key ? -1 : 1));
  const fold = new RowFold(sha256);
  for (const [i, row] of rows.entries()) {
    fold.add(row);
    if (i === 0 || i === GIVEN - 1) fold.keep();
  }
  const run = rows.slice(0, GIVEN);
  const [sides] = fold.sides([{ first: run[0]?.key ?? '', last: run.at(-1)?.key ?? '' }]);
  let isTold = false;
  const lie: Lie = (answer, question) => {
    if (answer.type !== 'chunk' || question.type !== 'chunk.request' || question.index > 0 || sides === undefined)
      return answer;
    isTold = true;
    return { type: 'chunk', bytes: encodeChunk({ rows: run, ...sides }) };
  };
  return { lie, told: () => isTold };
}
