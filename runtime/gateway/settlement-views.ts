// Settlements as the console shows them. A closed one changes once more, when the archiver says where it lies.
import { bytesToHex } from '@noble/hashes/utils.js';
import type { Ledger } from '#machines/settlement/ledger.ts';
import type { ConsoleView } from '#schemas/node/console.ts';
import type { SettlementEntry, SettlementRow } from '#schemas/settlement/state.ts';

export type SettlementView = ConsoleView['settlements'][number];

/** Settlements in the view, and entries of each: the rest by the API. */
const SHOWN = 20;
const SHOWN_ENTRIES = 64;

export class SettlementViews {
  readonly #ledger: Ledger;
  #count = 0;
  #shown: SettlementView[] = [];

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** Newest first. */
  read(): readonly SettlementView[] {
    const count = this.#ledger.settlementsCount();
    const isSame =
      count === this.#count && this.#shown.every(({ seq, cid }) => this.#ledger.settlement(seq)?.cid === cid);
    if (!isSame) this.#shown = this.#newest(count);
    this.#count = count;
    return this.#shown;
  }

  #newest(count: number): SettlementView[] {
    const rows = Array.from({ length: Math.min(count, SHOWN) }, (_, i) => this.#ledger.settlement(count - 1 - i));
    return rows.flatMap((row) => (row === undefined ? [] : [settlementView(row, SHOWN_ENTRIES)]));
  }
}

/** @param entries_max entries that are listed; the sums are over all of them */
export function settlementView(row: SettlementRow, entries_max: number): SettlementView {
  const { seq, first_height, last_height, entries, cid } = row;
  return {
    seq,
    first_height,
    last_height,
    entries: entries.slice(0, entries_max).map(({ a, k, d }) => ({ a, k, d: `${d}` })),
    entries_count: entries.length,
    sums: sumsOf(entries),
    state_root: bytesToHex(row.state_root),
    cid,
    status: cid === '' ? 'closed' : 'embedded',
  };
}

function sumsOf(entries: readonly SettlementEntry[]): Record<string, string> {
  const sums = new Map<string, bigint>([
    ['credit', 0n],
    ['stake', 0n],
  ]);
  for (const { a, d } of entries) sums.set(a, (sums.get(a) ?? 0n) + d);
  return Object.fromEntries(Array.from(sums, ([asset, sum]) => [asset, `${sum}`]));
}
