// A ledger for the adversary's schedules: it consumes transactions by nonce, and notices one that comes twice or never.
import type { MemoryBroker } from '#runtime/bus/memory-bus.ts';
import type { LedgerEvent } from '#schemas/settlement/state.ts';
import { decodeTx } from '#schemas/settlement/tx-codec.ts';
import { subject } from '#schemas/wire/subjects.ts';

type Pooled = { readonly amount_units: bigint; readonly expiry_height: number };
/** What hosts ask of the ledger, see `World.ledger`. */
type Public = { readonly nextNonces: Map<string, number>; at: number };

export class ToyLedger {
  /** Events of each height, from 1. */
  readonly blocks: LedgerEvent[][] = [];
  readonly wrong: string[] = [];
  readonly #public: Public;
  readonly #pool = new Map<string, Map<number, Pooled>>();
  /** The last transaction consumed of each account; their amounts count them. */
  readonly #last = new Map<string, bigint>();

  constructor(broker: MemoryBroker, shared: Public) {
    this.#public = shared;
    broker.listen({
      owner: 'ledger',
      pattern: subject.transactionAll,
      onMessage: ({ data }) => this.#hear(data),
    });
  }

  lastOf(account: string): bigint {
    return this.#last.get(account) ?? 0n;
  }

  /** A block of all that can be consumed, and `leap` empty ones behind it. */
  tick(leap = 0): void {
    const events: LedgerEvent[] = [];
    this.#public.at++;
    for (const [account, pool] of this.#pool) this.#consume(account, pool, events);
    this.blocks.push(events);
    for (let n = 0; n < leap; n++) this.blocks.push([]);
    this.#public.at += leap;
  }

  #hear(data: Uint8Array): void {
    const got = decodeTx(data);
    if (!got.ok || got.value.tx.body.type !== 'transfer') return void this.wrong.push('a transaction is malformed');
    const { account, nonce, expiry_height, body } = got.value.tx;
    const pool = this.#pool.get(account) ?? new Map<number, Pooled>();
    this.#pool.set(account, pool);
    pool.set(nonce, { amount_units: body.amount_units, expiry_height });
  }

  #consume(account: string, pool: Map<number, Pooled>, events: LedgerEvent[]): void {
    for (;;) {
      const nonce = this.#public.nextNonces.get(account) ?? 0;
      const tx = pool.get(nonce);
      if (tx === undefined || tx.expiry_height < this.#public.at) return;
      this.#public.nextNonces.set(account, nonce + 1);
      const last = this.lastOf(account);
      if (tx.amount_units !== last + 1n)
        this.wrong.push(`transaction #${tx.amount_units} of ${account} was consumed after #${last}`);
      this.#last.set(account, tx.amount_units);
      events.push({ type: 'unit.revealed', unit: 'toy', attempt: Number(tx.amount_units), worker: account });
    }
  }
}
