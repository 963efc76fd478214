// Timers of actors: rows that survive a restart, with a heap in memory that knows which is due.
import { z } from 'zod';
import type { Store } from '../store/store.ts';
import { type Changes, readTable, row } from './rows.ts';

export type Timer = { readonly actor: string; readonly id: string; readonly at_ms: number };

export class Timers {
  /** The timers that count; heap entries that are not in here were moved or cancelled. */
  readonly #byActor = new Map<string, Map<string, Timer>>();
  /** Binary heap, earliest first. */
  readonly #heap: Timer[] = [];

  async load(store: Store): Promise<void> {
    for await (const [[actor = '', id = ''], at_ms] of readTable(store, 'timer', 2, z.int()))
      this.#add({ actor, id, at_ms });
  }

  set(actor: string, id: string, at_ms: number, changes: Changes): void {
    this.#add({ actor, id, at_ms });
    changes.put(row.timer(actor, id), at_ms);
  }

  cancel(actor: string, id: string, changes: Changes): void {
    if (this.#byActor.get(actor)?.delete(id) === true) changes.del(row.timer(actor, id));
  }

  /**
   * Take the earliest timer that is due, or undefined. Its row goes with the turn, unless the actor is not awake:
   * then it stays for `wake`.
   */
  takeDue(now_ms: number, isAwake: (actor: string) => boolean, changes: Changes): Timer | undefined {
    for (;;) {
      const timer = this.#first();
      if (timer === undefined || timer.at_ms > now_ms) return undefined;
      pop(this.#heap);
      if (!isAwake(timer.actor)) continue;
      this.cancel(timer.actor, timer.id, changes);
      return timer;
    }
  }

  /** Timers that came due while the actor was stopped come due again. */
  wake(actor: string): void {
    for (const timer of this.#byActor.get(actor)?.values() ?? []) push(this.#heap, timer);
  }

  of(actor: string): readonly Timer[] {
    return [...(this.#byActor.get(actor)?.values() ?? [])];
  }

  nextDue_ms(): number {
    return this.#first()?.at_ms ?? Infinity;
  }

  #add(timer: Timer): void {
    let byId = this.#byActor.get(timer.actor);
    if (byId === undefined) this.#byActor.set(timer.actor, (byId = new Map()));
    byId.set(timer.id, timer);
    push(this.#heap, timer);
  }

  /** The earliest that still counts; others are dropped on the way. */
  #first(): Timer | undefined {
    for (;;) {
      const top = this.#heap[0];
      if (top === undefined || this.#byActor.get(top.actor)?.get(top.id) === top) return top;
      pop(this.#heap);
    }
  }
}

function push(heap: Timer[], timer: Timer): void {
  let at = heap.push(timer) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!isBefore(heap, at, parent)) return;
    swap(heap, at, parent);
    at = parent;
  }
}

function pop(heap: Timer[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  heap[0] = last;
  for (let at = 0; ; ) {
    const left = 2 * at + 1;
    const least = isBefore(heap, left + 1, left) ? left + 1 : left;
    if (!isBefore(heap, least, at)) return;
    swap(heap, at, least);
    at = least;
  }
}

const isBefore = (heap: readonly Timer[], a: number, b: number): boolean =>
  (heap[a]?.at_ms ?? Infinity) < (heap[b]?.at_ms ?? Infinity);

function swap(heap: Timer[], a: number, b: number): void {
  const [x, y] = [heap[a], heap[b]];
  if (x === undefined || y === undefined) return;
  heap[a] = y;
  heap[b] = x;
}
