// What became of transactions: those of the last blocks, and those that were posted here and still wait.
import { createHash } from 'node:crypto';
import type { Ledger } from '#machines/settlement/ledger.ts';
import type { Tx } from '#schemas/settlement/transaction.ts';
import { MAX_KEPT_OUTCOMES } from '#schemas/wire/limits.ts';
import { unframe } from '#schemas/wire/signed.ts';
import { TAG } from '#schemas/wire/tags.ts';
import { BoundedMap } from './bounded-map.ts';
import type { SeenBlock } from './ports.ts';

export type TxStatus =
  | { readonly state: 'pending' }
  | { readonly state: 'applied'; readonly height: number }
  | { readonly state: 'refused'; readonly height: number; readonly code: string };

type Waiting = Pick<Tx, 'account' | 'nonce' | 'expiry_height'>;

/** Id of a signed transaction, as `txId` computes it, by the native hash and without a copy: a gateway does this for every one. */
export const nativeTxId = (wire: Uint8Array): string =>
  createHash('sha256').update(TAG.tx).update(unframe(wire).bytes).digest('hex');

export class TransactionLog {
  readonly #ledger: Ledger;
  readonly #outcomes = new BoundedMap<TxStatus>(MAX_KEPT_OUTCOMES);
  readonly #waiting = new BoundedMap<Waiting>(MAX_KEPT_OUTCOMES);

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** It was checked and handed on here. */
  notePosted(id: string, { account, nonce, expiry_height }: Tx): void {
    this.#waiting.set(id, { account, nonce, expiry_height });
  }

  /** Answers who was refused what: the transactions of a block carry the accounts, its outcomes the codes. */
  hear({ header: { height }, final, result, txs }: SeenBlock): { readonly account: string; readonly code: string }[] {
    return final.block.txs.flatMap((wire, i) => {
      const id = nativeTxId(wire);
      const code = result.outcomes[i] ?? null;
      this.#waiting.delete(id);
      this.#outcomes.set(id, code === null ? { state: 'applied', height } : { state: 'refused', height, code });
      return code === null ? [] : [{ account: txs[i]?.account ?? 'unknown', code }];
    });
  }

  /** Undefined for a transaction that this gateway has not met, or has forgotten. */
  status(id: string): TxStatus | undefined {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return this.#outcomes.get(id);
    const height = this.#ledger.height();
    if (waiting.expiry_height < height) return { state: 'refused', height, code: 'TX_EXPIRED' };
    const isOvertaken = this.#ledger.nextNonce(waiting.account) > waiting.nonce;
    return isOvertaken ? { state: 'refused', height, code: 'TX_NONCE_LOW' } : { state: 'pending' };
  }
}
