// Quarantine: events that an actor threw on, kept with their bytes for an operator, bounded per actor.
import { z } from 'zod';
import type { HostEvent } from '#actors/host.ts';
import { MAX_QUARANTINE_ROWS } from '#schemas/wire/limits.ts';
import type { Store } from '../store/store.ts';
import type { QuarantinedEvent } from './ports.ts';
import { type Changes, parseRow, readTable, row } from './rows.ts';

const QuarantineRow = z.strictObject({
  at_ms: z.int(),
  error: z.string(),
  trace: z.string(),
  event: z.looseObject({ type: z.string() }),
});

/** Longest error text that is kept, characters: a stack is in the log. */
const MAX_ERROR_CHARS = 500;

export class Quarantine {
  readonly #store: Store;
  readonly #seqs = new Map<string, Set<number>>();
  #next_seq = 1;

  constructor(store: Store) {
    this.#store = store;
  }

  async load(): Promise<void> {
    for await (const [[actor = '', seq = '']] of readTable(this.#store, 'quarantine', 2, QuarantineRow)) {
      this.#of(actor).add(Number(seq));
      this.#next_seq = Math.max(this.#next_seq, Number(seq) + 1);
    }
  }

  /** False: the actor's quarantine is full, the event is lost but for the count. */
  add(
    actor: string,
    { event, trace }: { readonly event: HostEvent; readonly trace: string },
    error: unknown,
    at_ms: number,
    changes: Changes,
  ): boolean {
    const seqs = this.#of(actor);
    if (seqs.size >= MAX_QUARANTINE_ROWS) return false;
    const seq = this.#next_seq++;
    seqs.add(seq);
    changes.put(row.quarantine(actor, seq), { at_ms, error: String(error).slice(0, MAX_ERROR_CHARS), trace, event });
    return true;
  }

  /** Take an event out with the turn. False: no such event. */
  remove(actor: string, seq: number, changes: Changes): boolean {
    if (!this.#of(actor).delete(seq)) return false;
    changes.del(row.quarantine(actor, seq));
    return true;
  }

  async get(actor: string, seq: number): Promise<(QuarantinedEvent & { readonly event: HostEvent }) | undefined> {
    const key = row.quarantine(actor, seq);
    const bytes = await this.#store.get(key);
    // What `add` wrote was a HostEvent; the row's schema checks the frame, the machine's own checks hold for the rest.
    return bytes === undefined
      ? undefined
      : { seq, ...(parseRow(key, QuarantineRow, bytes) as Omit<QuarantinedEvent, 'seq'> & { event: HostEvent }) };
  }

  async list(actor: string): Promise<readonly QuarantinedEvent[]> {
    const found: QuarantinedEvent[] = [];
    for (const seq of this.#of(actor)) {
      const event = await this.get(actor, seq);
      if (event !== undefined) found.push(event);
    }
    return found;
  }

  count(actor: string): number {
    return this.#of(actor).size;
  }

  total(): number {
    let total = 0;
    for (const seqs of this.#seqs.values()) total += seqs.size;
    return total;
  }

  #of(actor: string): Set<number> {
    let seqs = this.#seqs.get(actor);
    if (seqs === undefined) this.#seqs.set(actor, (seqs = new Set()));
    return seqs;
  }
}
