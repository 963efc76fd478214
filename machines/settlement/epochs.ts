// Settlement epochs: what paid work changed since the last one, as balanced lines under a root that anyone can recompute.
import { FIRST_SEQ } from '#schemas/settlement/record.ts';
import type { SettlementEntry, SettlementRow } from '#schemas/settlement/state.ts';
import type { Tx } from '#schemas/settlement/transaction.ts';
import type { Code } from '#schemas/wire/codes.ts';
import {
  MAX_BATCH_ITEMS,
  MAX_SETTLEMENT_ENTRIES,
  MAX_SETTLEMENT_HEIGHTS,
  MIN_SETTLEMENT_HEIGHTS,
} from '#schemas/wire/limits.ts';
import { assert } from '../primitives/assert.ts';
import { StateTree, type TreeChange } from '../primitives/state-tree.ts';
import { type Books, emit, head, setHead } from './books.ts';
import { membershipAt } from './memberships.ts';
import { recordCid } from './record-encoding.ts';
import { recordOf } from './record-rules.ts';
import { settledChange } from './settled-balances.ts';

/** Lines that one transaction may add at most: each item pays a worker and two auditors out of one escrow, or a slash. */
const MAX_ENTRIES_PER_TX = 8 * MAX_BATCH_ITEMS;

/** Build the tree over the settled balances anew from loaded rows, and forget which of the finished jobs they settle. */
export function restoreSettled(books: Books): StateTree {
  for (const [, { jobs }] of books.tables.settlements.entries())
    for (const job of jobs) books.indexes.finished.delete(job);
  const lines = Array.from(books.tables.settled.entries());
  const tree = new StateTree(books.crypto.sha256);
  tree.update(lines.map(([key, { sum_units }]) => settledChange(key, sum_units)));
  return tree;
}

/** After a transaction: close early when the next one might not fit into the record. */
export function closeIfFull(books: Books, settled: StateTree): void {
  if (books.tables.unsettled.size > MAX_SETTLEMENT_ENTRIES - MAX_ENTRIES_PER_TX) closeSettlement(books, settled);
}

/**
 * End of a block: close when a job has finished, at once unless another settlement has just closed, so that many small jobs
 * share one; or when what is paid has waited long enough.
 */
export function closeIfDue(books: Books, settled: StateTree): void {
  const since = noteUnsettled(books);
  const isOld = since > 0 && books.block.height - since >= MAX_SETTLEMENT_HEIGHTS;
  const mayClose = books.block.height - lastClosed(books) >= MIN_SETTLEMENT_HEIGHTS;
  if (isOld || (mayClose && owesSettlement(books))) closeSettlement(books, settled);
}

/** Whether a job has finished that no settlement names yet: a reason for blocks without transactions. */
export const owesSettlement = (books: Books): boolean => books.indexes.finished.size > 0;

/** Height of the last settlement; before the first one could always close. */
function lastClosed(books: Books): number {
  const { settlements_count } = head(books);
  return books.tables.settlements.get(`${settlements_count - 1}`)?.last_height ?? -MIN_SETTLEMENT_HEIGHTS;
}

/** The first height whose payments are not settled; 0 when there are none. */
function noteUnsettled(books: Books): number {
  const row = head(books);
  if (row.unsettled_height > 0 || books.tables.unsettled.size === 0) return row.unsettled_height;
  setHead(books, { ...row, unsettled_height: books.block.height });
  return books.block.height;
}

function closeSettlement(books: Books, settled: StateTree): void {
  const { settlements_count: seq, unsettled_height } = head(books);
  const { height } = books.block;
  const entries = takeEntries(books);
  settled.update(entries.map((entry) => settleEntry(books, entry)));
  const first_height = unsettled_height === 0 ? height : unsettled_height;
  const row: SettlementRow = {
    seq,
    epoch: membershipAt(books, height).epoch,
    first_height,
    last_height: height,
    entries,
    state_root: settled.root(),
    jobs: Array.from(books.indexes.finished).toSorted(),
    cid: '',
  };
  books.tables.settlements.put(`${seq}`, row);
  books.indexes.finished.clear();
  setHead(books, { ...head(books), settlements_count: seq + 1, unsettled_height: 0 });
  emit(books, { type: 'settlement.closed', seq });
}

/** All lines, ordered by asset and account; they balance. */
function takeEntries(books: Books): readonly SettlementEntry[] {
  const { unsettled } = books.tables;
  const keys = Array.from(unsettled.entries(), ([key]) => key).toSorted();
  const entries = keys.map((key): SettlementEntry => {
    const slash = key.indexOf('/');
    const d = unsettled.get(key)?.difference_units ?? 0n;
    unsettled.remove(key);
    return { a: key.slice(0, slash) as SettlementEntry['a'], k: key.slice(slash + 1), d };
  });
  const sums = new Map<string, bigint>();
  for (const { a, d } of entries) sums.set(a, (sums.get(a) ?? 0n) + d);
  assert(entries.length <= MAX_SETTLEMENT_ENTRIES, 'a settlement fits into its record');
  assert(
    Array.from(sums.values()).every((sum) => sum === 0n),
    'a settlement sums to zero in every asset',
  );
  return entries;
}

function settleEntry(books: Books, { a, k, d }: SettlementEntry): TreeChange {
  const { settled } = books.tables;
  const key = `${a}/${k}`;
  const sum_units = (settled.get(key)?.sum_units ?? 0n) + d;
  if (sum_units === 0n) settled.remove(key);
  else settled.put(key, { sum_units });
  return settledChange(key, sum_units);
}

/**
 * Transaction `settlement.archived`: the first true statement of an archiver stays. The CID follows from what the ledger has,
 * so nobody can send readers elsewhere; the root of the log is proven by the checkpoint's cosignatures.
 */
export function applyArchived(
  books: Books,
  tx: Tx,
  body: Extract<Tx['body'], { type: 'settlement.archived' }>,
): Code | null {
  const { seq, cid } = body;
  if (books.tables.nodes.get(tx.account)?.kind !== 'archiver') return 'NOT_AUTHORISED';
  const row = books.tables.settlements.get(`${seq}`);
  if (row === undefined) return 'SETTLEMENT_UNKNOWN';
  if (row.cid !== '') return 'ARCHIVED_DONE';
  if (cid !== cidOf(books, row)) return 'ARCHIVED_FALSE';
  books.tables.settlements.put(`${seq}`, { ...row, cid });
  emit(books, { type: 'settlement.archived', seq, cid });
  return null;
}

/** The CID of a settlement's record: it links to the one before, which has to be stated first. */
function cidOf(books: Books, row: SettlementRow): string | undefined {
  const prev = row.seq === FIRST_SEQ ? null : books.tables.settlements.get(`${row.seq - 1}`)?.cid;
  return prev === undefined || prev === ''
    ? undefined
    : recordCid(recordOf(row, books.genesis.network, prev), books.crypto.sha256);
}
