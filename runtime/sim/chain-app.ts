// The smallest application worth agreeing on: a hash chain over heights and transactions, cheap enough for thousands of schedules.
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import type { Application } from '#machines/consensus/types.ts';
import { twinCrypto } from './twin-crypto.ts';

/** An application that the simulator can save to its disk and load from it. */
export type SimApplication = Application & {
  /** State as it stands, to be written with the block that led to it; plain immutable data. */
  save(): unknown;
  /** A client's transaction arrives; whether it is news. */
  submit(tx: Uint8Array): boolean;
};

/** State: the hash over everything executed so far, hex. */
export const CHAIN_GENESIS = '00'.repeat(32);

/** The application of one validator process: each run proposes other transactions, so that no replay can lean on repeating them. */
export function createChainApp(saved: unknown, nextTx: () => number): SimApplication {
  let root = saved as string;
  return {
    prepare() {
      const tx = nextTx();
      return tx % 3 === 0 ? [] : [Uint8Array.of(tx, tx >>> 8, tx >>> 16)];
    },
    validate: (txs) => txs.every((tx) => tx.length === 3),
    execute(header, txs) {
      root = chainRoot(root, header.height, txs);
      return { state_root: root };
    },
    hasWork: () => true,
    save: () => root,
    submit: () => false,
  };
}

function chainRoot(previous: string, height: number, txs: readonly Uint8Array[]): string {
  const text = new Uint8Array(32 + 4 + 3 * txs.length);
  text.set(hexToBytes(previous));
  text.set([height, height >>> 8, height >>> 16, height >>> 24], 32);
  txs.forEach((tx, i) => text.set(tx, 36 + 3 * i));
  return bytesToHex(twinCrypto.sha256(text));
}
