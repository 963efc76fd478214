// Asks a network's gateway over HTTP: views, accounts, transactions. Used by the commands.
import { ConsoleView } from '#schemas/node/console.ts';
import { type Tx, type TxBody } from '#schemas/settlement/transaction.ts';
import { encodeTx, txBytes, txId, txSignBytes } from '#schemas/settlement/tx-codec.ts';
import { CODES, type Code } from '#schemas/wire/codes.ts';
import type { Signer } from '../keys/ed25519.ts';
import { NetworkError, RefusedError } from './network-error.ts';

export type NetworkInfo = {
  readonly network: string;
  readonly chain: string;
  readonly gateway: string;
  readonly ws_url: string;
  readonly height: number;
};
export type AccountInfo = {
  readonly credit_units: string;
  readonly stake_units: string;
  readonly next_nonce: number;
  /** As of this height; others may be further. */
  readonly height: number;
};
export type TransactionInfo = {
  readonly state: 'pending' | 'applied' | 'refused';
  readonly code?: string;
  readonly height?: number;
};

/** An executed transaction: its id, and the height of its block. */
type Executed = { readonly tx: string; readonly height: number };

/** How long to ask again where nobody answers, ms, unless the signal ends it: for whoever keeps the gateway running. */
export type Patience = { readonly ms: number; readonly signal?: AbortSignal };

/** Heights that a transaction of a command stays valid: minutes at full pace, and no forgotten one applies days later. */
export const EXPIRY_HEIGHTS = 5_000;
const TIMEOUT_MS = 10_000;

export class ConsoleClient {
  readonly url: string;
  readonly #patience: Patience;

  /** @param url of the gateway, e.g. http://127.0.0.1:8080 */
  constructor(url: string, patience: Patience = { ms: 0 }) {
    this.url = url.replace(/\/$/, '');
    this.#patience = patience;
  }

  network = (): Promise<NetworkInfo> => this.get<NetworkInfo>('/api/network');
  view = async (): Promise<ConsoleView> => ConsoleView.parse(await this.get('/api/view'));
  account = (id: string): Promise<AccountInfo> => this.get<AccountInfo>(`/api/accounts/${id}`);

  /**
   * The account as of a moment between the call and its answer: nothing that anybody had seen before is missing. Costs a block: a
   * transfer of one unit of credit to oneself, whose height no earlier block can have.
   *
   * @param signer of an account with a unit of credit and the fee
   * @throws NetworkError as of `transact`; HEIGHT_NOT_REACHED where this gateway does not follow
   */
  async latestAccount(signer: Signer, id: string): Promise<AccountInfo> {
    const { height } = await this.transact(signer, {
      type: 'transfer',
      to: signer.id,
      asset: 'credit',
      amount_units: 1n,
    });
    return this.get<AccountInfo>(`/api/accounts/${id}?at_least=${height}`);
  }

  /** @throws NetworkError NETWORK_NOT_RUNNING, or the code of the gateway's refusal */
  async get<T>(path: string): Promise<T> {
    return (await this.#fetch(path)) as T;
  }

  /** Sign a transaction with the account's next nonce and hand it in; resolves when the ledger has executed it. */
  async transact(signer: Signer, body: TxBody): Promise<Executed> {
    for (let signings = 1; ; signings++) {
      try {
        return await this.#transact(signer, body);
      } catch (error) {
        // This gateway knew less of the account than the chain, as after a restart. What was refused had no effect: sign anew.
        const isOld = error instanceof RefusedError && error.code === 'TX_NONCE_LOW';
        if (!isOld || signings === MAX_SIGNINGS) throw error;
      }
    }
  }

  async #transact(signer: Signer, body: TxBody): Promise<Executed> {
    const [{ chain, height }, { next_nonce }] = await Promise.all([this.network(), this.account(signer.id)]);
    const tx: Tx = {
      v: 1,
      chain,
      account: signer.id,
      nonce: next_nonce,
      expiry_height: height + EXPIRY_HEIGHTS,
      fee_units: 0n,
      body,
    };
    const bytes = txBytes(tx);
    const wire = encodeTx(bytes, signer.sign(txSignBytes(bytes)));
    await this.#handIn(wire);
    const id = txId(wire);
    return { tx: id, height: await this.#executed(id, tx, wire) };
  }

  /** A broker that is away or full just now is no refusal: the transaction is handed in again below. */
  async #handIn(wire: Uint8Array): Promise<void> {
    await this.#fetch('/api/transactions', wire).catch((error: unknown) => {
      const isPassing =
        error instanceof NetworkError && (error.code === 'BUS_UNAVAILABLE' || error.code === 'BUS_BUSY');
      if (!isPassing) throw error;
    });
  }

  /** Nothing on the way is trusted to keep the transaction: it is handed in again until a block has it. */
  async #executed(id: string, { account, nonce }: Tx, wire: Uint8Array): Promise<number> {
    for (let looks = 1, end_ms = performance.now() + EXECUTION_MS; performance.now() < end_ms; looks++) {
      const { state, code, height = 0 } = await this.#statusOf(id);
      if (state === 'applied') return height;
      if (state === 'refused') throw new RefusedError(knownCode(code), `transaction ${id}`);
      // A gateway that was started again knows what is final, but not which transaction did it.
      if (state === 'forgotten' && (await this.account(account)).next_nonce > nonce) return (await this.view()).height;
      if (state === 'forgotten' || looks % LOOKS_PER_REPEAT === 0)
        await this.#fetch('/api/transactions', wire).catch(() => undefined);
      await pause(POLL_MS);
    }
    throw new NetworkError(
      'NETWORK_NOT_RUNNING',
      `${this.url}: no block with the transaction in ${EXECUTION_MS / 1000} s`,
    );
  }

  async #statusOf(
    id: string,
  ): Promise<Omit<TransactionInfo, 'state'> & { readonly state: TransactionInfo['state'] | 'forgotten' }> {
    return this.get<TransactionInfo>(`/api/transactions/${id}`).catch((error: unknown) => {
      if (error instanceof NetworkError && error.code === 'TX_UNKNOWN') return { state: 'forgotten' };
      throw error;
    });
  }

  async #fetch(path: string, body?: Uint8Array): Promise<unknown> {
    const { status, answer } = await this.#reach(path, body);
    if (status < 400) return answer;
    const { code, message } = answer as { readonly code?: string; readonly message?: string };
    const known = knownCode(code);
    // The code's own sentence is said by whoever tells of the error: what is left is the detail in brackets, if any.
    const detail = message === undefined ? `HTTP ${status}` : message.replace(CODES[known], '').trim();
    throw new RefusedError(known, detail === '' ? path : `${path} ${detail}`);
  }

  async #reach(path: string, body?: Uint8Array): Promise<{ readonly status: number; readonly answer: unknown }> {
    const post =
      body === undefined
        ? {}
        : { method: 'POST', body: new Uint8Array(body), headers: { 'content-type': 'application/octet-stream' } };
    const { ms, signal } = this.#patience;
    for (const end_ms = performance.now() + ms; ; ) {
      try {
        const response = await fetch(this.url + path, { ...post, signal: AbortSignal.timeout(TIMEOUT_MS) });
        return { status: response.status, answer: await response.json() };
      } catch (cause) {
        const isOver = signal?.aborted === true || performance.now() >= end_ms;
        if (isOver) throw new NetworkError('NETWORK_NOT_RUNNING', this.url, { cause });
      }
      await pause(POLL_MS);
    }
  }
}

/** How often a command looks again, ms, and after how many looks it hands the transaction in again. */
const POLL_MS = 100;
const LOOKS_PER_REPEAT = 20;
/** How often a transaction is signed whose nonce others use up before it. */
const MAX_SIGNINGS = 5;
/** How long a transaction may take to be final, ms: longer than any outage that heals by itself. */
const EXECUTION_MS = 60_000;
export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const knownCode = (code: string | undefined): Code =>
  code !== undefined && code in CODES ? (code as Code) : 'NETWORK_NOT_RUNNING';
