// Who can be drawn, as of the end of each height: kept with the height's beacon while somebody may want to repeat a draw.
import { concatBytes, hexToBytes } from '@noble/hashes/utils.js';
import type { NodeRow } from '#schemas/settlement/state.ts';
import { MAX_DRAW_HISTORY_HEIGHTS, MAX_DRAW_HISTORY_MEMBERS } from '#schemas/wire/limits.ts';
import { assert, present } from '../primitives/assert.ts';
import { equalBytes } from '../primitives/bytes.ts';
import { type Pool, poolOf } from '../work/draw.ts';
import { balanceOf } from './accounts.ts';
import type { Books } from './books.ts';

/** Bring the pool up to date at the end of a block; a new list is a new version. */
export function refreshPool(books: Books): void {
  const { time_ms } = books.block;
  if (!books.indexes.is_pool_stale && time_ms < books.pool.changes_at_ms) return;
  const eligible = Array.from(books.indexes.workers)
    .filter((id) => isEligible(books, id))
    .toSorted();
  const rows = eligible.map((id) => present(books.tables.nodes.get(id), 'workers are registered'));
  const members = concatBytes(...rows.flatMap(({ id, operator }) => [hexToBytes(id), hexToBytes(operator)]));
  const isSame = equalBytes(members, books.pool.members);
  const version = books.pool.version + (isSame ? 0 : 1);
  books.pool = isSame
    ? { ...books.pool, changes_at_ms: nextChange(books) }
    : currentPool(books, version, members, rows);
  books.indexes.is_pool_stale = false;
}

/** After the rows are loaded: the list that they imply, under the version that the head names. */
export function restorePool(books: Books, version: number): void {
  refreshPool(books);
  books.pool = { ...books.pool, version };
}

function currentPool(books: Books, version: number, members: Uint8Array, rows: readonly NodeRow[]) {
  const pool: Pool = {
    size: rows.length,
    id: (index) => rows[index]?.id ?? '',
    operator: (index) => rows[index]?.operator ?? '',
  };
  return { version, members, pool, changes_at_ms: nextChange(books) };
}

/** Registered as a worker, with enough stake, heard lately, not paused. */
function isEligible(books: Books, id: string): boolean {
  const node = present(books.tables.nodes.get(id), 'workers are registered');
  const { time_ms } = books.block;
  if (node.paused_until_ms > time_ms || node.last_seen_ms + books.params.away_after_ms <= time_ms) return false;
  return balanceOf(books, 'stake', id) >= books.params.worker_stake_units;
}

/** When the next worker falls away or the next pause ends, if nothing is written until then. */
function nextChange(books: Books): number {
  const { time_ms } = books.block;
  let next = Number.MAX_SAFE_INTEGER;
  for (const id of books.indexes.workers) {
    const node = present(books.tables.nodes.get(id), 'workers are registered');
    const away_ms = node.last_seen_ms + books.params.away_after_ms;
    if (away_ms > time_ms) next = Math.min(next, away_ms);
    if (node.paused_until_ms > time_ms) next = Math.min(next, node.paused_until_ms);
  }
  return next;
}

/** End of a height that decides draws: keep who could be drawn; the beacon comes with the next block. */
export function keepPool(books: Books): void {
  const { height } = books.block;
  const { work, audit } = books.indexes.waiting;
  if (!work.has(height) && !audit.has(height)) return;
  const { version, members } = books.pool;
  books.tables.beacons.put(`${height}`, { signature: new Uint8Array(0), pool_version: version });
  if (!books.tables.pools.has(`${version}`)) books.tables.pools.put(`${version}`, { members });
}

/** The block brought the beacon of an earlier height. */
export function keepBeacon(books: Books, height: number, signature: Uint8Array): void {
  assert(signature.length > 0, 'a beacon is a signature');
  const row = books.tables.beacons.get(`${height}`);
  if (row !== undefined) books.tables.beacons.put(`${height}`, { ...row, signature });
}

/** A beacon value that the ledger has not been told yet: the next block brings it. */
export type EarlyBeacon = { readonly height: number; readonly value: Uint8Array };

/** What decides the draws of a height. */
export type DrawBasis = { readonly beacon: Uint8Array; readonly pool_version: number; readonly pool: Pool };

/** Undefined until the height's beacon is known, and when it is long past. */
export function drawBasis(books: Books, height: number, early?: EarlyBeacon): DrawBasis | undefined {
  const row = books.tables.beacons.get(`${height}`);
  if (row === undefined) return undefined;
  const { signature, pool_version } = row;
  const known = early?.height === height ? early.value : undefined;
  const beacon = signature.length === 0 ? known : books.crypto.sha256(signature);
  if (beacon === undefined) return undefined;
  if (pool_version === books.pool.version) return { beacon, pool_version, pool: books.pool.pool };
  const { members } = present(
    books.tables.pools.get(`${pool_version}`),
    `pool ${pool_version} of height ${height} is kept`,
  );
  return { beacon, pool_version, pool: poolOf(members) };
}

/**
 * When the history is longer than it may be, drop the oldest beacons that no unit under way rests on, down to nine
 * tenths: the sorting is paid once in a thousand heights.
 */
export function dropHistory(books: Books): void {
  const { beacons, pools } = books.tables;
  const isAbove = (tenths: number) =>
    beacons.size * 10 > MAX_DRAW_HISTORY_HEIGHTS * tenths ||
    books.indexes.members_count * 10 > MAX_DRAW_HISTORY_MEMBERS * tenths;
  if (!isAbove(10)) return;
  const heights = Array.from(beacons.entries(), ([height]) => Number(height)).toSorted((a, b) => a - b);
  for (const height of heights.filter((height) => !books.indexes.heights.has(height))) {
    if (!isAbove(9)) return;
    const version = beacons.get(`${height}`)?.pool_version ?? 0;
    beacons.remove(`${height}`);
    if (!books.indexes.versions.has(version)) pools.remove(`${version}`);
  }
}
