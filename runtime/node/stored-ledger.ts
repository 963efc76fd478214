// The ledger from the disk: opened from the rows of its last checkpoint and the blocks above them.
import { createApplication } from '#machines/settlement/application.ts';
import type { LedgerCrypto } from '#machines/settlement/books.ts';
import { createLedger, type Ledger, openLedger } from '#machines/settlement/ledger.ts';
import type { Genesis } from '#schemas/config/genesis.ts';
import { decodeHeader } from '#schemas/consensus/block-codec.ts';
import type { FinalBlock, Header } from '#schemas/consensus/types.ts';
import { readFinalBlock } from '../consensus/block-store.ts';
import type { Store } from '../store/store.ts';
import { readLedgerRows, rowOps } from './ledger-rows.ts';

/** Whose ledger it is. A `Chain` is one. */
type Origin = { readonly id: string; readonly genesis: Genesis };

/**
 * The ledger as it was after the last final block that the store has: rows are written at checkpoints only (ADR 16), and the
 * blocks since, which validators keep, are executed again here.
 *
 * @throws Error where a stored block cannot be read, or a quorum certified another state than the rows lead to
 */
export async function loadLedger(chain: Origin, crypto: LedgerCrypto, store: Store): Promise<Ledger> {
  const ledger = await ledgerOfRows(chain, crypto, store);
  const application = createApplication(ledger, crypto);
  for (;;) {
    const final = await readFinalBlock(store, ledger.height() + 1);
    if (final === undefined) break;
    const header = headerOf(final);
    requireState(header, ledger.stateRoot());
    application.execute(header, final.block.txs);
    const changes = application.lastBlock()?.changes ?? [];
    if (changes.length > 0) await store.batch(rowOps(changes));
  }
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

/** A quorum certified the state as of the last checkpoint: who holds another one must not go on. Block 1 names the genesis' own. */
export function requireState({ height, state_root }: Header, own_root: string): void {
  if (height > 1 && state_root !== own_root)
    throw new Error(`a quorum certified another state by height ${height - 1}: this node must not go on`);
}
