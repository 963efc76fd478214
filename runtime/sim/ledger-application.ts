// The production ledger as the application of a simulated validator, over the rows on its virtual disk.
import { createApplication, type ExecutedBlock } from '#machines/settlement/application.ts';
import type { Genesis } from '#schemas/config/genesis.ts';
import type { Membership } from '#schemas/consensus/types.ts';
import { rowOps } from '../node/ledger-rows.ts';
import { loadLedger } from '../node/stored-ledger.ts';
import type { Store, StoreOp } from '../store/store.ts';
import type { SimApplication } from './sim-application.ts';
import { twinCrypto } from './twin-crypto.ts';

/**
 * Open the ledger as the disk has it: its rows, and the blocks above them executed again.
 *
 * @param onFixed hears of each block that is executed here, and of the set that it leaves for the height after the next
 */
export async function openLedgerApplication(
  genesis: Genesis,
  id: string,
  store: Store,
  onFixed: (height: number, membership: Membership) => void,
): Promise<SimApplication> {
  const ledger = await loadLedger({ id, genesis }, twinCrypto, store);
  const application = createApplication(ledger, twinCrypto);
  const executed: ExecutedBlock[] = [];
  const rows: StoreOp[] = [];
  return {
    ...application,
    execute(header, txs) {
      const result = application.execute(header, txs);
      onFixed(header.height, ledger.membership(header.height + 2));
      const block = application.lastBlock();
      if (block !== undefined) {
        executed.push(block);
        rows.push(...rowOps(block.changes));
      }
      return result;
    },
    submit: (tx) => application.submit(tx) === null,
    commitOps: () => rows.splice(0),
    takeExecuted: () => executed.splice(0).map((block) => ({ block, ledger })),
  };
}
