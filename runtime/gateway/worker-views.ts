// Workers as the console shows them: who can be drawn, how each fares, what it holds and owns.
import type { Ledger } from '#machines/settlement/ledger.ts';
import type { Params } from '#schemas/config/genesis.ts';
import type { ConsoleView } from '#schemas/node/console.ts';
import type { NodeRow } from '#schemas/settlement/state.ts';
import type { UnitBoard } from './unit-board.ts';

type WorkerView = ConsoleView['workers'][number];

/** Workers in the view. */
const SHOWN = 50;
/** How long the list is kept, ms: with 20,000 nodes on the ledger it is not read at each view. */
const KEPT_MS = 1_000;

export class WorkerViews {
  readonly #ledger: Ledger;
  readonly #params: Params;
  readonly #board: UnitBoard;
  #kept: { readonly at_ms: number; readonly count: number; readonly shown: readonly WorkerView[] } | undefined;

  constructor(ledger: Ledger, params: Params, board: UnitBoard) {
    this.#ledger = ledger;
    this.#params = params;
    this.#board = board;
  }

  /** All registered workers by count, and those that matter most: available first, then the most experienced. */
  read(now_ms: number): { readonly count: number; readonly shown: readonly WorkerView[] } {
    if (this.#kept !== undefined && now_ms - this.#kept.at_ms < KEPT_MS) return this.#kept;
    const rows = this.#ledger.nodes().filter(({ kind }) => kind === 'worker');
    const ranked = rows.map((row) => ({ row, is_available: this.#isAvailable(row) })).toSorted(byStanding);
    const shown = ranked.slice(0, SHOWN).map(({ row, is_available }) => this.#view(row, is_available));
    this.#kept = { at_ms: now_ms, count: rows.length, shown };
    return this.#kept;
  }

  /** As the ledger's pool decides: heard lately, not paused, with enough stake. */
  #isAvailable({ id, last_seen_ms, paused_until_ms }: NodeRow): boolean {
    const time_ms = this.#ledger.timeMs();
    const isHere = last_seen_ms + this.#params.away_after_ms > time_ms && paused_until_ms <= time_ms;
    return isHere && this.#ledger.balance('stake', id) >= this.#params.worker_stake_units;
  }

  #view(row: NodeRow, is_available: boolean): WorkerView {
    const { id, operator, last_seen_ms, passed_count, fault_count, paused_until_ms } = row;
    return {
      id,
      operator,
      is_available,
      last_seen_ms,
      open_units_count: this.#board.heldBy(id),
      passed_count,
      fault_count,
      reputation_basis_points: this.#ledger.reputation(id) ?? 0,
      paused_until_ms,
      credit_units: `${this.#ledger.balance('credit', id)}`,
      stake_units: `${this.#ledger.balance('stake', id)}`,
    };
  }
}

type Ranked = { readonly row: NodeRow; readonly is_available: boolean };

function byStanding(a: Ranked, b: Ranked): number {
  if (a.is_available !== b.is_available) return a.is_available ? -1 : 1;
  return b.row.passed_count - a.row.passed_count || (a.row.id < b.row.id ? -1 : 1);
}
