// The ledger as consensus runs it: transactions wait in a pool, are proposed, judged and executed, each decoded and verified once.
import { bytesToHex } from '@noble/hashes/utils.js';
import type { Header } from '#schemas/consensus/types.ts';
import type { Tx } from '#schemas/settlement/transaction.ts';
import { decodeTx, txSignBytes } from '#schemas/settlement/tx-codec.ts';
import type { Code } from '#schemas/wire/codes.ts';
import { MAX_BLOCK_BYTES, MAX_BLOCK_TXS } from '#schemas/wire/limits.ts';
import type { Application } from '../consensus/types.ts';
import type { LedgerCrypto } from './books.ts';
import type { Ledger } from './ledger.ts';
import { Mempool } from './mempool.ts';
import type { BlockResult } from './types.ts';

/** A transaction in a block body: a length of four bytes before its own. */
const LENGTH_BYTES = 4;

export type LedgerApplication = Application & {
  /** Take a signed transaction into the pool. Null: it waits. A code: why not. */
  submit(wire: Uint8Array): Code | null;
  /** What the last executed block did, to be stored and told; undefined before the first. */
  lastBlock(): ExecutedBlock | undefined;
  /** Transactions that wait. */
  waitingCount(): number;
};

/** A block's outcome beside what the events do not say. */
export type ExecutedBlock = BlockResult & {
  readonly height: number;
  readonly time_ms: number;
  readonly txs_count: number;
};

export function createApplication(ledger: Ledger, crypto: LedgerCrypto): LedgerApplication {
  const mempool = new Mempool(ledger);
  const verified = new Map<string, Tx>();
  let last: ExecutedBlock | undefined;

  /** By all bytes, the signature too: the same words under a forged signature are another entry. */
  const keyOf = (wire: Uint8Array): string => bytesToHex(crypto.sha256(wire));

  function verify(wire: Uint8Array, mayPass: (tx: Tx) => Code | null): Tx | Code {
    const key = keyOf(wire);
    const known = verified.get(key);
    if (known !== undefined) return mayPass(known) ?? known;
    const received = decodeTx(wire);
    if (!received.ok) return received.code;
    const { tx, bytes, signature } = received.value;
    const code = mayPass(tx);
    if (code !== null) return code;
    if (!crypto.verify(tx.account, txSignBytes(bytes), signature)) return 'TX_SIGNATURE_INVALID';
    verified.set(key, tx);
    return tx;
  }

  function submit(wire: Uint8Array): Code | null {
    const tx = verify(wire, (tx) => mempool.check(tx));
    if (typeof tx === 'string') return tx;
    mempool.add({ tx, wire });
    return null;
  }

  function prepare(limits: { readonly max_bytes: number; readonly max_txs: number }): readonly Uint8Array[] {
    let bytes = 0;
    const chosen = mempool.ready(({ wire }, count) => {
      bytes += LENGTH_BYTES + wire.length;
      return count === limits.max_txs || bytes > limits.max_bytes;
    });
    return chosen.map(({ wire }) => wire);
  }

  function validate(txs: readonly Uint8Array[]): boolean {
    const bytes = txs.reduce((sum, wire) => sum + LENGTH_BYTES + wire.length, 0);
    if (txs.length > MAX_BLOCK_TXS || bytes > MAX_BLOCK_BYTES) return false;
    return txs.every((wire) => typeof verify(wire, () => null) !== 'string');
  }

  /** A certificate stands for the signatures: what was not validated here is decoded, not verified again. */
  function take(wire: Uint8Array): Tx | null {
    const key = keyOf(wire);
    const known = verified.get(key);
    verified.delete(key);
    if (known !== undefined) return known;
    const received = decodeTx(wire);
    return received.ok ? received.value.tx : null;
  }

  function execute({ height, time_ms, beacon }: Header, wires: readonly Uint8Array[]) {
    const txs = wires.map(take);
    const signed = beacon.length === 0 ? null : { height: height - 1, signature: beacon };
    const result = ledger.executeBlock({ height, time_ms, beacon: signed, txs });
    last = { ...result, height, time_ms, txs_count: txs.length };
    mempool.forget(txs, height);
    if (verified.size > mempool.size + MAX_BLOCK_TXS) verified.clear();
    return { state_root: result.state_root };
  }

  const hasWork = (): boolean => mempool.hasReady() || ledger.waitsForBeacon() || ledger.owesSettlement();
  const { membership } = ledger;
  return {
    submit,
    prepare,
    validate,
    execute,
    membership,
    hasWork,
    lastBlock: () => last,
    waitingCount: () => mempool.size,
  };
}
