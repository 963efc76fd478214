// Whom a node that starts may ask: members of the sets that it knows, and whoever announces blocks just now.
import type { Code } from '#schemas/wire/codes.ts';
import { MAX_SOURCES } from '#schemas/wire/limits.ts';
import { subject } from '#schemas/wire/subjects.ts';
import type { Bus, Subscription } from '../bus/bus.ts';
import type { Log } from '../observe/log.ts';

export class SyncPeers {
  readonly #own: ReadonlySet<string>;
  readonly #log: Pick<Log, 'warn'>;
  /** In the order in which they are asked; false once one was silent, or did not hold what others may. */
  readonly #isGood = new Map<string, boolean>();
  readonly #liars = new Set<string>();

  /** @param own ids that are this node's own */
  constructor(own: ReadonlySet<string>, log: Pick<Log, 'warn'>) {
    this.#own = own;
    this.#log = log;
  }

  /** Who answered last time comes first; liars are not among them. */
  get ids(): readonly string[] {
    return Array.from(this.#isGood)
      .toSorted(([, a], [, b]) => Number(b) - Number(a))
      .map(([id]) => id);
  }

  isLiar(id: string): boolean {
    return this.#liars.has(id);
  }

  add(ids: Iterable<string>): void {
    for (const id of ids)
      if (!this.#own.has(id) && !this.#liars.has(id) && !this.#isGood.has(id)) this.#isGood.set(id, true);
  }

  /** Whoever announces a block decides blocks; the broker lets nobody announce in another's name. */
  listen(bus: Pick<Bus, 'subscribe'>): Subscription {
    return bus.subscribe(subject.blockAll, (delivery) => {
      if (this.#isGood.size < MAX_SOURCES) this.add([delivery.subject.slice(subject.block('').length)]);
    });
  }

  /** It gave nothing: others are asked first. */
  rest(id: string): void {
    if (this.#isGood.has(id)) this.#isGood.set(id, false);
  }

  /** It said what cannot be true: it is asked for nothing more. */
  drop(id: string, code: Code): void {
    this.#isGood.delete(id);
    this.#liars.add(id);
    this.#log.warn({ peer: id, code }, 'a peer gives what does not hold');
  }
}
