// Writes a follower's ledger behind its execution: a row that changes in many blocks is written once, and blocks share a sync.
import type { RowChange } from '#machines/settlement/types.ts';
import { LEDGER_WRITE_EVERY_MS, MAX_UNWRITTEN_ROWS } from '#schemas/wire/limits.ts';
import type { Clock } from '../host/ports.ts';
import type { Store } from '../store/store.ts';
import { type BlockEvents, eventOps, UnwrittenRows } from './ledger-rows.ts';

/**
 * What a crash finds on disk is the ledger of a somewhat lower height, whole: the blocks above it are fetched and executed
 * again, and the actors, whose own heights say what they have heard, hear nothing twice.
 */
export class LedgerWriter {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #onFailure: (error: unknown) => void;
  readonly #rows = new UnwrittenRows();
  #events: BlockEvents[] = [];
  #cancel: (() => void) | undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(store: Store, clock: Clock, onFailure: (error: unknown) => void) {
    this.#store = store;
    this.#clock = clock;
    this.#onFailure = onFailure;
  }

  /** Note what a block changed and said; waits only where too much is unwritten. @throws StoreError STORE_WRITE_FAILED */
  async note(changes: readonly RowChange[], block: BlockEvents): Promise<void> {
    this.#rows.note(changes);
    if (block.events.length > 0) this.#events.push(block);
    if (this.#rows.size >= MAX_UNWRITTEN_ROWS) await this.write();
    else this.#cancel ??= this.#clock.setTimer(LEDGER_WRITE_EVERY_MS, () => void this.write().catch(this.#onFailure));
  }

  /** Everything noted so far, on disk in one batch. @throws StoreError STORE_WRITE_FAILED, now and ever after */
  write(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    const ops = [...this.#rows.take(), ...this.#events.flatMap(eventOps)];
    this.#events = [];
    this.#last = this.#last.then(() => this.#store.batch(ops));
    return this.#last;
  }
}
