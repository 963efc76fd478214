// The money rules, checked from the outside: on changed rows, events and outcomes, never by asking the ledger.

import type { RowChange } from '#machines/settlement/types.ts';
import { ROW_CODECS } from '#schemas/settlement/row-codec.ts';
import type { LedgerEvent } from '#schemas/settlement/state.ts';
import type { Tx } from '#schemas/settlement/transaction.ts';
import type { Code } from '#schemas/wire/codes.ts';
import type { Report } from './violation.ts';

/** One executed block as the oracle sees it. */
export type BooksBlock = {
  readonly height: number;
  readonly txs: readonly (Tx | null)[];
  readonly outcomes: readonly (Code | null)[];
  readonly events: readonly LedgerEvent[];
  /** At a checkpoint the rows that differ from the one before, else none. */
  readonly changes: readonly RowChange[];
};

/** Listens to each height once. */
export type BooksOracle = { executed(block: BooksBlock): void };

/** What reports have come in for an attempt at a unit: from auditors, or from validators that re-executed it. */
type Checks = { readonly auditors: Set<string>; readonly judges: Set<string> };

/**
 * An oracle over a ledger with this supply of each asset.
 *
 * @param workers accounts whose credit may rise only by a named payment
 * @param judgesNeeded validators that together may settle a dispute
 */
export function createBooksOracle(
  supply: Readonly<Record<string, bigint>>,
  workers: ReadonlySet<string>,
  judgesNeeded: number,
  report: Report,
): BooksOracle {
  const balances = new Map<string, bigint>();
  /** Of all balances, by asset. */
  const sums = new Map<string, bigint>();
  const applied = new Set<string>();
  const paid = new Set<string>();
  const checks = new Map<string, Checks>();
  /** Whose credit may have risen since the last checkpoint. */
  let payees = new Set<string>();

  function onTx(tx: Tx, height: number): void {
    const key = `${tx.account}/${tx.nonce}`;
    if (applied.has(key)) report('exactly_once', -1, `transaction ${key} again at height ${height}`);
    applied.add(key);
    if (tx.body.type === 'results') {
      for (const [unit, attempt] of tx.body.reports) checksOf(unit, attempt).auditors.add(tx.account);
    }
    if (tx.body.type === 'adjudicate') checksOf(tx.body.unit, tx.body.attempt).judges.add(tx.account);
  }

  function checksOf(unit: string, attempt: number): Checks {
    const key = `${unit}#${attempt}`;
    const known = checks.get(key) ?? { auditors: new Set(), judges: new Set() };
    checks.set(key, known);
    return known;
  }

  function onSettled({ unit, attempt, auditors }: Extract<LedgerEvent, { type: 'unit.settled' }>): void {
    if (paid.has(unit)) report('exactly_once', -1, `unit ${unit} is paid again`);
    paid.add(unit);
    const seen = checksOf(unit, attempt);
    const isAudited = auditors.length === 2 && auditors.every((auditor) => seen.auditors.has(auditor));
    if (!isAudited && seen.judges.size < judgesNeeded) report('paid_unchecked', -1, `unit ${unit} attempt ${attempt}`);
  }

  /** Every rise of a worker's credit has a reason in a block since the last checkpoint; the first one brings the genesis. */
  function onChange({ key, value }: RowChange, isFirst: boolean): void {
    if (!key.startsWith('accounts/')) return;
    const account = key.slice('accounts/'.length);
    const before = balances.get(account) ?? 0n;
    const after = value === null ? 0n : ROW_CODECS.accounts.decode(value).amount_units;
    balances.set(account, after);
    if (after < 0n) report('conservation', -1, `${account} holds ${after}`);
    const [asset = '', owner = ''] = account.split('/');
    sums.set(asset, (sums.get(asset) ?? 0n) + after - before);
    if (asset === 'credit' && after > before && workers.has(owner) && !isFirst && !payees.has(owner)) {
      report('paid_unchecked', -1, `${account} rose from ${before} to ${after} without a reason`);
    }
  }

  return {
    executed({ height, txs, outcomes, events, changes }) {
      txs.forEach((tx, i) => {
        if (tx !== null && outcomes[i] === null) onTx(tx, height);
      });
      for (const event of events) if (event.type === 'unit.settled') onSettled(event);
      for (const payee of payeesOf(txs, events)) payees.add(payee);
      if (changes.length === 0) return;
      const isFirst = balances.size === 0;
      for (const change of changes) onChange(change, isFirst);
      payees = new Set();
      for (const [asset, total] of Object.entries(supply)) {
        const sum = sums.get(asset) ?? 0n;
        if (sum !== total) report('conservation', -1, `${asset} sums to ${sum} of ${total} at height ${height}`);
      }
    },
  };
}

/** Whom this block pays, for work or by transfer. */
function payeesOf(txs: readonly (Tx | null)[], events: readonly LedgerEvent[]): ReadonlySet<string> {
  const payees = new Set<string>();
  for (const event of events) {
    if (event.type === 'unit.settled') for (const id of [event.worker, ...event.auditors]) payees.add(id);
  }
  for (const tx of txs) if (tx?.body.type === 'transfer') payees.add(tx.body.to);
  return payees;
}
