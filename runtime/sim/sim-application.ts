// What validators in a schedule agree on: the ledger, or for most schedules the smallest thing worth agreeing on, a hash chain.
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import type { Application } from '#machines/consensus/types.ts';
import type { Prng } from '#machines/primitives/prng.ts';
import type { ExecutedBlock } from '#machines/settlement/application.ts';
import type { Ledger } from '#machines/settlement/ledger.ts';
import type { Membership } from '#schemas/consensus/types.ts';
import type { Store, StoreOp } from '../store/store.ts';
import { twinCrypto } from './twin-crypto.ts';

/** A block as one replica executed it, and its ledger then. */
export type Execution = { readonly block: ExecutedBlock; readonly ledger: Ledger };

/** The application as a simulated validator hosts it. */
export type SimApplication = Application & {
  /** A client's transaction arrives; whether it is news. */
  submit(tx: Uint8Array): boolean;
  /** Rows of the blocks executed since the last call. */
  commitOps(): readonly StoreOp[];
  /** Blocks executed since the last call, where the application is the ledger. */
  takeExecuted(): readonly Execution[];
};

/** State of the chain before its first block: the hash over nothing executed, hex. */
export const CHAIN_GENESIS = '00'.repeat(32);
const ROOT_KEY = 'chain/root';

/**
 * The hash chain of one validator process: state is the hash over everything executed.
 *
 * @param prng chance: every run proposes other transactions, so that no replay can lean on repeating them
 */
export async function openHashChain(store: Store, membership: Membership, prng: Prng): Promise<SimApplication> {
  const saved = await store.get(ROOT_KEY);
  let root: Uint8Array = saved ?? hexToBytes(CHAIN_GENESIS);
  return {
    prepare() {
      const tx = prng.next();
      return tx % 3 === 0 ? [] : [Uint8Array.of(tx, tx >>> 8, tx >>> 16)];
    },
    membership: () => membership,
    validate: (txs) => txs.every((tx) => tx.length === 3),
    execute(header, txs) {
      root = nextRoot(root, header.height, txs);
      return { state_root: bytesToHex(root) };
    },
    hasWork: () => true,
    submit: () => false,
    commitOps: () => [{ type: 'put', key: ROOT_KEY, value: root }],
    takeExecuted: () => [],
  };
}

function nextRoot(previous: Uint8Array, height: number, txs: readonly Uint8Array[]): Uint8Array {
  const text = new Uint8Array(36 + 3 * txs.length);
  text.set(previous);
  text.set([height, height >>> 8, height >>> 16, height >>> 24], 32);
  txs.forEach((tx, i) => text.set(tx, 36 + 3 * i));
  return twinCrypto.sha256(text);
}
