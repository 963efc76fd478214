// What this host has applied of each sender, and whom it owes an acknowledgement. Deduplication by counter, never by the broker.
import { z } from 'zod';
import { ACK_DELAY_MS, ACK_EVERY_MESSAGES } from '#schemas/wire/limits.ts';
import type { Store } from '../store/store.ts';
import { isNext } from './counter.ts';
import { type Changes, readTable, row } from './rows.ts';

/** One (receiver, sender) pair. */
type Mark = {
  readonly receiver: string;
  readonly sender: string;
  counter: number;
  /** Messages applied since the last acknowledgement. */
  unacknowledged: number;
  /** When an acknowledgement is due, ms; Infinity: none is owed. */
  due_ms: number;
};

export type Verdict = 'next' | 'COUNTER_REPLAYED' | 'COUNTER_GAP';

export class Watermarks {
  readonly #marks = new Map<string, Map<string, Mark>>();
  readonly #changed = new Set<Mark>();
  readonly #owed = new Set<Mark>();

  async load(store: Store): Promise<void> {
    for await (const [[receiver = '', sender = ''], counter] of readTable(store, 'mark', 2, z.int()))
      this.#mark(receiver, sender).counter = counter;
  }

  judge(receiver: string, sender: string, counter: number): Verdict {
    const known = this.#marks.get(receiver)?.get(sender)?.counter ?? 0;
    if (counter <= known) return 'COUNTER_REPLAYED';
    return isNext(known, counter) ? 'next' : 'COUNTER_GAP';
  }

  /** Count a message as applied; on disk after `write`. */
  advance(receiver: string, sender: string, counter: number, now_ms: number): void {
    const mark = this.#mark(receiver, sender);
    mark.counter = counter;
    mark.unacknowledged++;
    this.#changed.add(mark);
    this.#owe(mark, mark.unacknowledged >= ACK_EVERY_MESSAGES ? now_ms : now_ms + ACK_DELAY_MS);
  }

  /** The sender seems not to know how far we are: tell it. */
  remind(receiver: string, sender: string, now_ms: number): void {
    this.#owe(this.#mark(receiver, sender), now_ms + ACK_DELAY_MS);
  }

  /** After a start: tell every known sender that we are here and how far we are. */
  remindAll(now_ms: number): void {
    for (const bySender of this.#marks.values()) for (const mark of bySender.values()) this.#owe(mark, now_ms);
  }

  write(changes: Changes): void {
    for (const mark of this.#changed) changes.put(row.mark(mark.receiver, mark.sender), mark.counter);
    this.#changed.clear();
  }

  /** Watermark to tell along with a message that leaves anyway; undefined: nothing is owed. Only after the turn is on disk. */
  take(receiver: string, sender: string): number | undefined {
    const mark = this.#marks.get(receiver)?.get(sender);
    if (mark === undefined || mark.due_ms === Infinity) return undefined;
    this.#settle(mark);
    return mark.counter;
  }

  /** Acknowledgements that wait no longer. Only after the turn is on disk. */
  takeDue(now_ms: number): readonly Readonly<Mark>[] {
    const due = [...this.#owed].filter((mark) => mark.due_ms <= now_ms);
    for (const mark of due) this.#settle(mark);
    return due;
  }

  nextDue_ms(): number {
    let least = Infinity;
    for (const mark of this.#owed) least = Math.min(least, mark.due_ms);
    return least;
  }

  #owe(mark: Mark, due_ms: number): void {
    mark.due_ms = Math.min(mark.due_ms, due_ms);
    this.#owed.add(mark);
  }

  #settle(mark: Mark): void {
    mark.due_ms = Infinity;
    mark.unacknowledged = 0;
    this.#owed.delete(mark);
  }

  #mark(receiver: string, sender: string): Mark {
    let bySender = this.#marks.get(receiver);
    if (bySender === undefined) this.#marks.set(receiver, (bySender = new Map()));
    let mark = bySender.get(sender);
    if (mark === undefined)
      bySender.set(sender, (mark = { receiver, sender, counter: 0, unacknowledged: 0, due_ms: Infinity }));
    return mark;
  }
}
