// Transactions of this node's actors: contiguous nonces, rows until the ledger has consumed them, published again until then.
import { z } from 'zod';
import { joined } from '#machines/work/worker-results.ts';
import type { TxBody } from '#schemas/settlement/transaction.ts';
import { decodeTx, encodeTx, txBytes, txSignBytes } from '#schemas/settlement/tx-codec.ts';
import {
  MAX_MEMPOOL_TXS_PER_ACCOUNT,
  RETRY_MAX_MS,
  RETRY_MIN_MS,
  SUBMIT_EXPIRY_HEIGHTS,
} from '#schemas/wire/limits.ts';
import type { Store } from '../store/store.ts';
import { isOver } from './channel.ts';
import type { LedgerPort } from './ports.ts';
import { type Changes, readTable, row } from './rows.ts';

type Pending = { readonly signed: Uint8Array; readonly expiry_height: number };

type Account = {
  readonly id: string;
  readonly sign: (bytes: Uint8Array) => Uint8Array;
  /** Bodies of the turn that runs. */
  said: TxBody[];
  next: number;
  /** Signed transactions by nonce, lowest first; the ledger consumes them in this order. */
  readonly pending: Map<number, Pending>;
  /** Nonces below this one were published since the last repeat. */
  sent: number;
  retry_at_ms: number;
  pause_ms: number;
};

/** Consumed rows that wait to be deleted: not worth a sync of their own, but a start reads them all. */
const MAX_CONSUMED_ROWS = 1_024;

export class Submits {
  readonly #chain: string;
  readonly #ledger: LedgerPort;
  readonly #accounts: ReadonlyMap<string, Account>;
  /** Accounts with transactions on their way. */
  readonly #busy = new Set<Account>();
  /** Accounts that said something in the turn that runs. */
  readonly #saying = new Set<Account>();
  /** Rows of transactions that the ledger has consumed: they go with a turn that writes something else. */
  #consumed: string[] = [];

  constructor(
    chain: string,
    ledger: LedgerPort,
    seats: readonly { readonly id: string; readonly sign: (bytes: Uint8Array) => Uint8Array }[],
  ) {
    this.#chain = chain;
    this.#ledger = ledger;
    this.#accounts = new Map(
      seats.map(({ id, sign }) => [
        id,
        { id, sign, said: [], next: 0, pending: new Map(), sent: 0, retry_at_ms: Infinity, pause_ms: RETRY_MIN_MS },
      ]),
    );
  }

  async load(store: Store): Promise<void> {
    for await (const [[id = ''], next] of readTable(store, 'nonce', 1, z.int())) {
      const account = this.#accounts.get(id);
      if (account !== undefined) account.next = next;
    }
    for await (const [[id = '', nonce = ''], signed] of readTable(store, 'submit', 2, z.instanceof(Uint8Array))) {
      const account = this.#accounts.get(id);
      const tx = decodeTx(signed);
      if (account === undefined || !tx.ok) continue;
      account.pending.set(Number(nonce), { signed, expiry_height: tx.value.tx.expiry_height });
      this.#busy.add(account);
    }
  }

  /** Keep a transaction's body for the end of the turn: then it gets the account's next nonce, and its signature. */
  add(id: string, body: TxBody): void {
    const account = this.#accounts.get(id);
    if (account === undefined) return;
    account.said.push(body);
    this.#saying.add(account);
  }

  /** Rows of the turn, of which the transactions are published after. That of a consumed nonce, should a crash leave it, is known as such at the next start. */
  write(changes: Changes): void {
    for (const account of this.#saying) this.#signAll(account, changes);
    this.#saying.clear();
    if (changes.ops.length === 0 && this.#consumed.length < MAX_CONSUMED_ROWS) return;
    for (const key of this.#consumed) changes.del(key);
    this.#consumed = [];
  }

  /** Before a turn is written: drop what the ledger has consumed, sign again what has expired, notice who was silent too long. */
  tend(now_ms: number, changes: Changes): void {
    for (const account of this.#busy) {
      this.#forget(account, now_ms);
      if (account.retry_at_ms === Infinity || !isOver(account.retry_at_ms, now_ms)) continue;
      account.sent = 0;
      account.pause_ms = Math.min(account.pause_ms * 2, RETRY_MAX_MS);
      account.retry_at_ms = now_ms + account.pause_ms;
      this.#signExpired(account, changes);
    }
  }

  /** Signed transactions that may leave now; at most what a validator's pool takes of one account. */
  publishable(now_ms: number): readonly { readonly account: string; readonly signed: Uint8Array }[] {
    const chosen: { account: string; signed: Uint8Array }[] = [];
    for (const account of this.#busy) {
      const from = this.#ledger.nextNonce(account.id);
      for (const [nonce, { signed }] of account.pending) {
        if (nonce >= from + MAX_MEMPOOL_TXS_PER_ACCOUNT) break;
        if (nonce < account.sent) continue;
        chosen.push({ account: account.id, signed });
        account.sent = nonce + 1;
      }
      if (account.retry_at_ms === Infinity) account.retry_at_ms = now_ms + account.pause_ms;
    }
    return chosen;
  }

  /** The connection was lost and is back. */
  repeatAll(ids: ReadonlySet<string>): void {
    for (const account of this.#busy) if (ids.has(account.id)) account.sent = 0;
  }

  of(id: string): readonly number[] {
    return [...(this.#accounts.get(id)?.pending.keys() ?? [])];
  }

  count(): number {
    let count = 0;
    for (const account of this.#busy) count += account.pending.size;
    return count;
  }

  nextRepeat_ms(now_ms: number): number {
    let least = Infinity;
    for (const { retry_at_ms } of this.#busy)
      least = Math.min(least, retry_at_ms < Infinity && isOver(retry_at_ms, now_ms) ? now_ms : retry_at_ms);
    return least;
  }

  #forget(account: Account, now_ms: number): void {
    const consumed = this.#ledger.nextNonce(account.id);
    let hasProgress = false;
    for (const nonce of account.pending.keys()) {
      if (nonce >= consumed) break;
      account.pending.delete(nonce);
      this.#consumed.push(row.submit(account.id, nonce));
      hasProgress = true;
    }
    if (account.pending.size === 0) this.#busy.delete(account);
    if (account.pending.size === 0) account.retry_at_ms = Infinity;
    else if (hasProgress) account.retry_at_ms = now_ms + RETRY_MIN_MS;
    if (hasProgress) account.pause_ms = RETRY_MIN_MS;
  }

  #signExpired(account: Account, changes: Changes): void {
    for (const [nonce, { signed, expiry_height }] of account.pending) {
      if (expiry_height > this.#ledger.height()) continue;
      const tx = decodeTx(signed);
      if (tx.ok) this.#sign(account, nonce, tx.value.tx.body, changes);
    }
  }

  #signAll(account: Account, changes: Changes): void {
    // The ledger is ahead when this database was restored from a backup: its nonces count.
    account.next = Math.max(account.next, this.#ledger.nextNonce(account.id));
    for (const body of joined(account.said)) this.#sign(account, account.next++, body, changes);
    account.said = [];
    changes.put(row.nonce(account.id), account.next);
    this.#busy.add(account);
  }

  #sign(account: Account, nonce: number, body: TxBody, changes: Changes): void {
    const expiry_height = this.#ledger.height() + SUBMIT_EXPIRY_HEIGHTS;
    const bytes = txBytes({
      v: 1,
      chain: this.#chain,
      account: account.id,
      nonce,
      expiry_height,
      fee_units: this.#ledger.feeUnits(),
      body,
    });
    const signed = encodeTx(bytes, account.sign(txSignBytes(bytes)));
    account.pending.set(nonce, { signed, expiry_height });
    changes.put(row.submit(account.id, nonce), signed);
  }
}
