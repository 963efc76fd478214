// Writes a follower's ledger behind its execution: the rows of each checkpoint, and the events of the blocks up to it, in one batch.
import type { RowChange } from '#machines/settlement/types.ts';
import type { Store } from '../store/store.ts';
import { type BlockEvents, eventOps, rowOps } from './ledger-rows.ts';

/**
 * What a start finds on disk is the ledger of a checkpoint, whole: the blocks above it are fetched and executed again, and the
 * actors, whose own heights say what they have heard, hear nothing twice. So no write waits for the disk: whichever checkpoint a
 * power cut leaves is as good as the last one.
 */
export class LedgerWriter {
  readonly #store: Store;
  readonly #onFailure: (error: unknown) => void;
  #events: BlockEvents[] = [];
  #last: Promise<void> = Promise.resolve();

  constructor(store: Store, onFailure: (error: unknown) => void) {
    this.#store = store;
    this.#onFailure = onFailure;
  }

  /** Note what a block changed and said; waits only for the checkpoint before. @throws StoreError STORE_WRITE_FAILED */
  async note(changes: readonly RowChange[], block: BlockEvents): Promise<void> {
    if (block.events.length > 0) this.#events.push(block);
    if (changes.length === 0) return;
    await this.#last;
    this.#write(changes).catch(this.#onFailure);
  }

  /** The last checkpoint, and all events noted so far, are in the store then. @throws StoreError STORE_WRITE_FAILED, now and ever after */
  write(): Promise<void> {
    return this.#write([]);
  }

  #write(changes: readonly RowChange[]): Promise<void> {
    const ops = [...rowOps(changes), ...this.#events.flatMap(eventOps)];
    this.#events = [];
    this.#last = this.#last.then(() => this.#store.append(ops));
    return this.#last;
  }
}
