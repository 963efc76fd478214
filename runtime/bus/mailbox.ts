// One actor's mailbox: live by core NATS, and after each connect first what the stream kept while it was away.
import { MAX_CATCH_UP_HELD } from '#schemas/wire/limits.ts';

/** How to read what was kept; resolves when all was given to the sink. */
type ReadBack<T> = (sink: (message: T) => void) => Promise<void>;

/**
 * Puts kept messages before live ones, so that the order of each sender is kept. A message that is both kept and live comes
 * twice; what arrives beyond the bound during the reading is dropped, and its sender repeats it.
 */
export class Mailbox<T> {
  readonly #readBack: ReadBack<T>;
  readonly #deliver: (message: T) => void;
  #held: T[] | undefined;
  #reading = 0;

  constructor(readBack: ReadBack<T>, deliver: (message: T) => void) {
    this.#readBack = readBack;
    this.#deliver = deliver;
  }

  /** A message that arrived live. */
  receive(message: T): void {
    if (this.#held === undefined) this.#deliver(message);
    else if (this.#held.length < MAX_CATCH_UP_HELD) this.#held.push(message);
  }

  /** Reads back; a later call, after another reconnect, takes over from one that is still under way. */
  async catchUp(): Promise<void> {
    const reading = ++this.#reading;
    const isCurrent = (): boolean => reading === this.#reading;
    this.#held ??= [];
    try {
      await this.#readBack((message) => {
        if (isCurrent()) this.#deliver(message);
      });
    } finally {
      if (isCurrent()) this.#release();
    }
  }

  /** Delivers nothing any more. */
  close(): void {
    this.#reading++;
    this.#held = [];
  }

  #release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const message of held) this.#deliver(message);
  }
}
