// Transactions that wait for a block: bounded, in nonce order for each account, first come first served between accounts.
import type { Tx } from '#schemas/settlement/transaction.ts';
import type { Code } from '#schemas/wire/codes.ts';
import { MAX_MEMPOOL_TXS, MAX_MEMPOOL_TXS_PER_ACCOUNT } from '#schemas/wire/limits.ts';

/** A transaction with its wire bytes; its signature was verified. */
export type WaitingTx = { readonly tx: Tx; readonly wire: Uint8Array };

/** What the pool asks the ledger. */
export type LedgerView = { check(tx: Tx): Code | null; nextNonce(account: string): number };

/** Heights between two searches for expired transactions: a full pool costs milliseconds to look through. */
const HEIGHTS_PER_SWEEP = 64;

export class Mempool {
  readonly #ledger: LedgerView;
  /** In order of arrival; by `account/nonce`, so that a nonce waits once. */
  readonly #waiting = new Map<string, WaitingTx>();
  readonly #counts = new Map<string, number>();

  constructor(ledger: LedgerView) {
    this.#ledger = ledger;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /**
   * Whether the transaction may be added; ask before its signature is verified, which costs more.
   * A waiting one with the same nonce gives way to a higher fee only.
   */
  check(tx: Tx): Code | null {
    const code = this.#ledger.check(tx);
    if (code !== null) return code;
    const other = this.#waiting.get(slotOf(tx));
    if (other?.tx === tx) return 'TX_KNOWN';
    if (other !== undefined) return tx.fee_units > other.tx.fee_units ? null : 'TX_NONCE_TAKEN';
    const isFull =
      this.#waiting.size >= MAX_MEMPOOL_TXS || (this.#counts.get(tx.account) ?? 0) >= MAX_MEMPOOL_TXS_PER_ACCOUNT;
    return isFull ? 'MEMPOOL_FULL' : null;
  }

  /** Add what `check` let pass; a replacement keeps the place of the one before. */
  add(waiting: WaitingTx): void {
    const slot = slotOf(waiting.tx);
    if (!this.#waiting.has(slot)) this.#count(waiting.tx.account, 1);
    this.#waiting.set(slot, waiting);
  }

  /** The transactions that can execute now, in that order, until `isEnough` says so. */
  ready(isEnough: (next: WaitingTx, count: number) => boolean): readonly WaitingTx[] {
    const chosen: WaitingTx[] = [];
    const next = new Map<string, number>();
    for (const { tx } of this.#waiting.values()) {
      const { account } = tx;
      let nonce = next.get(account) ?? this.#ledger.nextNonce(account);
      // Up to and with this one: earlier nonces may have arrived after it, later ones wait for their turn.
      for (; nonce <= tx.nonce; nonce++) {
        const waiting = this.#waiting.get(`${account}/${nonce}`);
        if (waiting === undefined || this.#ledger.check(waiting.tx) !== null) break;
        if (isEnough(waiting, chosen.length)) return chosen;
        chosen.push(waiting);
      }
      next.set(account, nonce);
    }
    return chosen;
  }

  /** Whether any transaction can execute now. */
  hasReady(): boolean {
    const isReady = ({ tx }: WaitingTx) =>
      tx.nonce === this.#ledger.nextNonce(tx.account) && this.#ledger.check(tx) === null;
    return this.#waiting.values().some(isReady);
  }

  /** The block at `height` was executed: drop what used the same nonces and, now and then, what has expired. */
  forget(executed: readonly (Tx | null)[], height: number): void {
    for (const tx of executed) if (tx !== null) this.#drop(slotOf(tx));
    if (height % HEIGHTS_PER_SWEEP !== 0) return;
    for (const [slot, { tx }] of this.#waiting) if (this.#ledger.check(tx) !== null) this.#drop(slot);
  }

  #drop(slot: string): void {
    const waiting = this.#waiting.get(slot);
    if (waiting === undefined) return;
    this.#waiting.delete(slot);
    this.#count(waiting.tx.account, -1);
  }

  #count(account: string, difference: number): void {
    const count = (this.#counts.get(account) ?? 0) + difference;
    if (count === 0) this.#counts.delete(account);
    else this.#counts.set(account, count);
  }
}

const slotOf = ({ account, nonce }: Tx): string => `${account}/${nonce}`;
