// The production ledger as the application of a simulated validator, over the rows on its virtual disk.
import { createApplication, type ExecutedBlock } from '#machines/settlement/application.ts';
import { createLedger, openLedger } from '#machines/settlement/ledger.ts';
import type { Genesis } from '#schemas/config/genesis.ts';
import { ledgerOps, readLedgerRows } from '../node/ledger-rows.ts';
import type { Store, StoreOp } from '../store/store.ts';
import type { SimApplication } from './sim-application.ts';
import { twinCrypto } from './twin-crypto.ts';

/** Open the ledger as it stands on the disk; before the first block it comes from the genesis. */
export async function openLedgerApplication(
  genesis: Genesis,
  chain: string,
  store: Store,
  height: number,
): Promise<SimApplication> {
  const ledger =
    height === 0
      ? createLedger(genesis, chain, twinCrypto)
      : openLedger(genesis, chain, twinCrypto, await readLedgerRows(store));
  const application = createApplication(ledger, twinCrypto);
  const executed: ExecutedBlock[] = [];
  const unwritten: StoreOp[] = [];
  return {
    ...application,
    execute(header, txs) {
      const result = application.execute(header, txs);
      const block = application.lastBlock();
      if (block !== undefined) {
        executed.push(block);
        unwritten.push(...ledgerOps(block.changes, { ...block, events: [] }));
      }
      return result;
    },
    submit: (tx) => application.submit(tx) === null,
    commitOps: () => unwritten.splice(0),
    takeExecuted: () => executed.splice(0).map((block) => ({ block, ledger })),
  };
}
