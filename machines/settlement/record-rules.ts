// What makes a settlement record valid. Rules on decoded data; the bytes are the codec's matter (runtime/archive/record-codec.ts).
import { equalBytes } from '#machines/primitives/bytes.ts';
import type { Sha256 } from '#machines/primitives/seeded-draw.ts';
import { isRowKey } from '#machines/primitives/state-hashes.ts';
import { StateTree } from '#machines/primitives/state-tree.ts';
import { MAX_DIFFERENCE, MIN_DIFFERENCE, type SettlementRecord } from '#schemas/settlement/record.ts';
import type { SettlementEntry, SettlementRow } from '#schemas/settlement/state.ts';
import { accept, type Result, refuse } from '#schemas/wire/codes.ts';
import { MAX_SETTLEMENT_ENTRIES } from '#schemas/wire/limits.ts';
import { settledChange } from './settled-balances.ts';

/** The record of a closed settlement. A pure function of the ledger's row, so all validators build the same bytes. */
export const recordOf = (row: SettlementRow, net: string, prev: string | null): SettlementRecord => ({
  v: 1,
  t: 'settlement',
  net,
  seq: row.seq,
  epoch: row.epoch,
  prev,
  entries: row.entries,
  stateRoot: row.state_root,
  ev: [],
});

/** Where a record belongs: which network, which place, after which record. */
export type LogPlace = { readonly net: string; readonly seq: number; readonly prev: string | null };

/** Whether the record stands at its place: the next of its network, linked to the one before. */
export function checkPlace(record: SettlementRecord, place: LogPlace): Result<SettlementRecord> {
  if (record.net !== place.net) return refuse('RECORD_NETWORK_MISMATCH', `${record.net}, not ${place.net}`);
  if (record.seq !== place.seq) return refuse('RECORD_SEQ_MISMATCH', `${record.seq}, not ${place.seq}`);
  return record.prev === place.prev ? accept(record) : refuse('RECORD_PREV_MISMATCH', `at ${record.seq}`);
}

/** The settled balances after the records so far, with the tree over them: a record costs what it changes, not what there is. */
export type Settled = { readonly balances: Map<string, bigint>; readonly tree: StateTree };
/** What one record does to them: the new sums of the accounts it touches. */
export type Sums = ReadonlyMap<string, bigint>;

/** Before the first record. */
export const nothingSettled = (sha256: Sha256): Settled => ({ balances: new Map(), tree: new StateTree(sha256) });

/** Take a checked record in. */
export function settle({ balances }: Settled, sums: Sums): void {
  for (const [key, sum] of sums) {
    if (sum === 0n) balances.delete(key);
    else balances.set(key, sum);
  }
}

/**
 * Check the money: sorted, unique, 64-bit, zero-sum for each asset, and the root over `previous` plus the entries. The tree of
 * `previous` is then ahead of its balances until the record is taken in; after a refusal it is as before.
 */
export function checkRecord(record: SettlementRecord, previous: Settled): Result<Sums> {
  const { entries, seq, stateRoot } = record;
  const ordered = checkEntries(entries);
  if (!ordered.ok) return ordered;
  for (const [asset, sum] of sumsByAsset(entries))
    if (sum !== 0n) return refuse('RECORD_NOT_ZERO_SUM', `${asset} sums to ${sum} at ${seq}`);
  const { balances, tree } = previous;
  const sums = new Map(entries.map(({ a, k, d }) => [`${a}/${k}`, (balances.get(`${a}/${k}`) ?? 0n) + d]));
  tree.update(Array.from(sums, ([key, sum]) => settledChange(key, sum)));
  if (equalBytes(tree.root(), stateRoot)) return accept(sums);
  tree.update(Array.from(sums.keys(), (key) => settledChange(key, balances.get(key) ?? 0n)));
  return refuse('RECORD_ROOT_MISMATCH', `at ${seq}`);
}

/** All of it at once, for a record that must be the next one of its log. */
export function checkNextRecord(record: Result<SettlementRecord>, place: LogPlace, previous: Settled): Result<Sums> {
  const placed = record.ok ? checkPlace(record.value, place) : record;
  return placed.ok ? checkRecord(placed.value, previous) : placed;
}

function checkEntries(entries: readonly SettlementEntry[]): Result<true> {
  for (const [i, entry] of entries.entries()) {
    const name = `${entry.a}/${entry.k}`;
    if (entry.d < MIN_DIFFERENCE || entry.d > MAX_DIFFERENCE) return refuse('RECORD_OUT_OF_RANGE', name);
    if (!isRowKey(name)) return refuse('RECORD_MALFORMED', 'account');
    const before = entries[i - 1];
    const order = before === undefined ? -1 : compare(before, entry);
    if (order === 0) return refuse('RECORD_ACCOUNT_DUPLICATE', name);
    if (order > 0) return refuse('RECORD_UNSORTED', name);
  }
  return accept(true);
}

/** Sum of the differences for each asset, minor units. */
export function sumsByAsset(entries: readonly SettlementEntry[]): ReadonlyMap<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const { a, d } of entries) sums.set(a, (sums.get(a) ?? 0n) + d);
  return sums;
}

/** Read decoded data as a record: exact fields and types; links are already CID text. */
export function parseRecord(value: unknown): Result<SettlementRecord> {
  if (!hasFields(value, ['v', 't', 'net', 'seq', 'epoch', 'prev', 'entries', 'stateRoot', 'ev']))
    return refuse('RECORD_MALFORMED', 'fields');
  const { v, t, net, seq, epoch, prev, entries: items, stateRoot, ev } = value;
  if (v !== 1 || t !== 'settlement' || typeof net !== 'string') return refuse('RECORD_MALFORMED', 'v, t or net');
  if (!isCount(seq) || !isCount(epoch)) return refuse('RECORD_MALFORMED', 'seq or epoch');
  if (prev !== null && typeof prev !== 'string') return refuse('RECORD_MALFORMED', 'prev');
  if (!(stateRoot instanceof Uint8Array) || stateRoot.length !== 32) return refuse('RECORD_MALFORMED', 'stateRoot');
  if (!isTexts(ev)) return refuse('RECORD_MALFORMED', 'ev');
  const entries = parseEntries(items);
  return entries.ok ? accept({ v, t, net, seq, epoch, prev, entries: entries.value, stateRoot, ev }) : entries;
}

function parseEntries(items: unknown): Result<readonly SettlementEntry[]> {
  if (!Array.isArray(items) || items.length > MAX_SETTLEMENT_ENTRIES) return refuse('RECORD_MALFORMED', 'entries');
  const entries: SettlementEntry[] = [];
  for (const item of items as readonly unknown[]) {
    if (!hasFields(item, ['a', 'k', 'd'])) return refuse('RECORD_MALFORMED', 'entry');
    const { a, k, d } = item;
    if ((a !== 'credit' && a !== 'stake') || typeof k !== 'string')
      return refuse('RECORD_MALFORMED', 'asset or account');
    if (typeof d === 'number' && !Number.isInteger(d)) return refuse('RECORD_FLOAT', `${a}/${k}`);
    if (typeof d !== 'number' && typeof d !== 'bigint') return refuse('RECORD_MALFORMED', 'difference');
    entries.push({ a, k, d: BigInt(d) });
  }
  return accept(entries);
}

function hasFields<F extends string>(value: unknown, fields: readonly F[]): value is Readonly<Record<F, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  return Object.keys(value).length === fields.length && fields.every((field) => Object.hasOwn(value, field));
}

/** Evidence links: sorted and unique, so that a set has one encoding. */
const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((cid, i) => typeof cid === 'string' && (i === 0 || value[i - 1] < cid));
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function compare(x: SettlementEntry, y: SettlementEntry): number {
  if (x.a !== y.a) return x.a < y.a ? -1 : 1;
  if (x.k === y.k) return 0;
  return x.k < y.k ? -1 : 1;
}
