// A client of an account that serves as a register: it adds by transfers, reads, and writes down when it asked and when it knew.
import type { Signer } from '#runtime/keys/ed25519.ts';
import { ConsoleClient } from '#runtime/network/console-client.ts';
import type { Operation } from '../linearizability.ts';

/** The account whose balance is the register. */
export const REGISTER = '5e'.repeat(32);
/** How long its gateway may be away, ms. */
const PATIENCE = { ms: 60_000 };

export class RegisterClient {
  readonly name: string;
  readonly #api: ConsoleClient;
  readonly #signer: Signer;
  readonly #history: Operation[];

  /** @param history of all clients: what this one does is added to it */
  constructor(name: string, gateway_url: string, signer: Signer, history: Operation[]) {
    this.name = name;
    this.#api = new ConsoleClient(gateway_url, PATIENCE);
    this.#signer = signer;
    this.#history = history;
  }

  /** An addition whose fate stays unknown is one that never ended. */
  async add(value: bigint): Promise<void> {
    const begin_ms = performance.now();
    const transfer = { type: 'transfer', to: REGISTER, asset: 'credit', amount_units: value } as const;
    const end_ms = await this.#api.transact(this.#signer, transfer).then(
      () => performance.now(),
      () => Infinity,
    );
    this.#note({ type: 'add', value, begin_ms, end_ms });
  }

  /** The latest value there is. A read that fails has shown nothing. */
  async read(): Promise<void> {
    const begin_ms = performance.now();
    const row = await this.#api.latestAccount(this.#signer, REGISTER).catch(() => undefined);
    if (row !== undefined) this.#noteRead(row.credit_units, begin_ms);
  }

  /** What the gateway has at hand, however old. */
  async readAtHand(): Promise<void> {
    const begin_ms = performance.now();
    this.#noteRead((await this.#api.account(REGISTER)).credit_units, begin_ms);
  }

  #noteRead(credit_units: string, begin_ms: number): void {
    this.#note({ type: 'read', value: BigInt(credit_units), begin_ms, end_ms: performance.now() });
  }

  #note(operation: Omit<Operation, 'client'>): void {
    this.#history.push({ client: this.name, ...operation });
  }
}
