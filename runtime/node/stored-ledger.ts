// The ledger between memory and disk: opened from its rows and the blocks above them, its rows written behind the blocks.
import { present } from '#machines/primitives/assert.ts';
import { createApplication } from '#machines/settlement/application.ts';
import type { LedgerCrypto } from '#machines/settlement/books.ts';
import { createLedger, type Ledger, openLedger } from '#machines/settlement/ledger.ts';
import type { RowChange } from '#machines/settlement/types.ts';
import type { Genesis } from '#schemas/config/genesis.ts';
import { decodeHeader } from '#schemas/consensus/block-codec.ts';
import type { FinalBlock, Header } from '#schemas/consensus/types.ts';
import { LEDGER_WRITE_EVERY_BLOCKS, MAX_UNWRITTEN_ROWS } from '#schemas/wire/limits.ts';
import { readFinalBlock } from '../consensus/block-store.ts';
import type { Store, StoreOp } from '../store/store.ts';
import { readLedgerRows, UnwrittenRows } from './ledger-rows.ts';

/** Whose ledger it is. A `Chain` is one. */
type Origin = { readonly id: string; readonly genesis: Genesis };

/**
 * The ledger as it was after the last final block that the store has: a validator writes rows every few blocks only, and what
 * it had not written is executed again here.
 *
 * @throws Error where a stored block cannot be read, or a quorum certified another state than the rows lead to
 */
export async function loadLedger(chain: Origin, crypto: LedgerCrypto, store: Store): Promise<Ledger> {
  const ledger = await ledgerOfRows(chain, crypto, store);
  const application = createApplication(ledger, crypto);
  const rows = new UnwrittenRows();
  for (;;) {
    const final = await readFinalBlock(store, ledger.height() + 1);
    if (final === undefined) break;
    const header = headerOf(final);
    requireState(header, ledger.stateRoot());
    application.execute(header, final.block.txs);
    rows.note(present(application.lastBlock(), 'an executed block has a result').changes);
  }
  if (rows.size > 0) await store.batch(rows.take());
  return ledger;
}

/** The ledger of the stored rows, or the one of the genesis. */
async function ledgerOfRows({ id, genesis }: Origin, crypto: LedgerCrypto, store: Store): Promise<Ledger> {
  const rows = await readLedgerRows(store);
  return rows.length === 0 ? createLedger(genesis, id, crypto) : openLedger(genesis, id, crypto, rows);
}

/** The header of a block that was checked before it was stored. */
function headerOf({ block }: FinalBlock): Header {
  const header = decodeHeader(block.header);
  if (!header.ok) throw new Error(`a stored block cannot be read: ${header.code}`);
  return header.value;
}

/** A quorum certified the state before a block: who holds another one must not go on. The genesis is certified by block 2. */
export function requireState({ height, state_root }: Header, own_root: string): void {
  if (height > 1 && state_root !== own_root)
    throw new Error(`a quorum certified another state at height ${height - 1}: this node must not go on`);
}

/** A validator's rows on their way to the disk, behind the blocks from which `loadLedger` makes them again (ADR 13). */
export class RowsBehind {
  readonly #rows = new UnwrittenRows();
  #height: number;
  #written_height: number;

  /** @param height that the rows on disk stand for */
  constructor(height: number) {
    this.#height = this.#written_height = height;
  }

  note(height: number, changes: readonly RowChange[]): void {
    this.#height = height;
    this.#rows.note(changes);
  }

  /** What is to be written with the last noted block: mostly nothing yet. */
  due(): StoreOp[] {
    const blocks_behind = this.#height - this.#written_height;
    if (blocks_behind < LEDGER_WRITE_EVERY_BLOCKS && this.#rows.size < MAX_UNWRITTEN_ROWS) return [];
    this.#written_height = this.#height;
    return this.#rows.take();
  }
}
