// Lets a reader wait until this gateway has executed a height that it knows of from elsewhere.
import type { Ledger } from '#machines/settlement/ledger.ts';
import { type Code } from '#schemas/wire/codes.ts';
import { MAX_HEIGHT_WAIT_MS, MAX_HEIGHT_WAITERS } from '#schemas/wire/limits.ts';
import type { Clock } from '../host/ports.ts';

type Waiter = { readonly height: number; readonly resolve: (code: Code | null) => void; readonly cancel: () => void };

export class HeightWait {
  readonly #ledger: Pick<Ledger, 'height'>;
  readonly #clock: Pick<Clock, 'setTimer'>;
  readonly #waiters = new Set<Waiter>();

  constructor(ledger: Pick<Ledger, 'height'>, clock: Pick<Clock, 'setTimer'>) {
    this.#ledger = ledger;
    this.#clock = clock;
  }

  /** Null once the ledger stands at `height` or above; HEIGHT_NOT_REACHED after MAX_HEIGHT_WAIT_MS, HOST_BUSY where too many wait. */
  reach(height: number): Promise<Code | null> {
    if (this.#ledger.height() >= height) return Promise.resolve(null);
    if (this.#waiters.size >= MAX_HEIGHT_WAITERS) return Promise.resolve('HOST_BUSY');
    return new Promise((resolve) => {
      const cancel = this.#clock.setTimer(MAX_HEIGHT_WAIT_MS, () => this.#end(waiter, 'HEIGHT_NOT_REACHED'));
      const waiter: Waiter = { height, resolve, cancel };
      this.#waiters.add(waiter);
    });
  }

  /** A block was executed. */
  hear(): void {
    const height = this.#ledger.height();
    for (const waiter of this.#waiters) if (waiter.height <= height) this.#end(waiter, null);
  }

  /** Nobody will hear of another block here. */
  close(): void {
    for (const waiter of this.#waiters) this.#end(waiter, 'HEIGHT_NOT_REACHED');
  }

  #end(waiter: Waiter, code: Code | null): void {
    this.#waiters.delete(waiter);
    waiter.cancel();
    waiter.resolve(code);
  }
}
