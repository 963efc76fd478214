// The core's timers as data: what each id means, which are set. A fired id that is not set is stale and means nothing.
import type { CoreEffect } from './types.ts';

/** `begin`: round 0 may begin; `rebroadcast`, `sync` and `parts` do not belong to a height and are not replayed. */
export type Timer = {
  readonly kind: 'begin' | 'propose' | 'prevote' | 'precommit' | 'rebroadcast' | 'sync' | 'parts';
  readonly height: number;
  readonly round: number;
};

const OF_NO_HEIGHT: ReadonlySet<Timer['kind']> = new Set(['sync', 'rebroadcast', 'parts']);

export class Timers {
  readonly #emit: (effect: CoreEffect) => void;
  readonly #set = new Map<string, Timer & { readonly at_ms: number }>();

  constructor(emit: (effect: CoreEffect) => void) {
    this.#emit = emit;
  }

  has(timer: Timer): boolean {
    return this.#set.has(idOf(timer));
  }

  /** Set it; a second time moves it. */
  set(timer: Timer, at_ms: number): void {
    const id = idOf(timer);
    this.#set.set(id, { ...timer, at_ms });
    this.#emit({ type: 'timer.set', id, at_ms });
  }

  get size(): number {
    return this.#set.size;
  }

  /** What the fired id meant; it is no longer set. */
  take(id: string): Timer | undefined {
    const timer = this.#set.get(id);
    this.#set.delete(id);
    return timer;
  }

  /** Cancel the timers of rounds before `round`. */
  cancelBefore(round: number): void {
    this.#cancel((timer) => timer.round < round);
  }

  /** Cancel all that belong to a height: it is decided. */
  cancelHeight(): void {
    this.#cancel(() => true);
  }

  /** Effects that set all of them anew, after a restore. */
  pending(): CoreEffect[] {
    return [...this.#set].map(([id, { at_ms }]) => ({ type: 'timer.set', id, at_ms }));
  }

  #cancel(isOver: (timer: Timer) => boolean): void {
    for (const [id, timer] of this.#set) {
      if (OF_NO_HEIGHT.has(timer.kind) || !isOver(timer)) continue;
      this.#set.delete(id);
      this.#emit({ type: 'timer.cancel', id });
    }
  }
}

const idOf = ({ kind, height, round }: Timer): string => `${kind}/${height}/${round}`;
