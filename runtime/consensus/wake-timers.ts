// The core's timers on the host's clock: by id, the last order for an id counts.
import type { CoreEffect } from '#machines/consensus/types.ts';
import type { Clock } from '../host/ports.ts';

export type TimerOrder = Extract<CoreEffect, { type: 'timer.set' | 'timer.cancel' }>;

export class WakeTimers {
  readonly #clock: Clock;
  readonly #onFired: (id: string, now_ms: number) => void;
  readonly #cancels = new Map<string, () => void>();

  /** @param onFired told a time that is not before the one it was set for, whatever the clock does */
  constructor(clock: Clock, onFired: (id: string, now_ms: number) => void) {
    this.#clock = clock;
    this.#onFired = onFired;
  }

  obey(order: TimerOrder): void {
    this.#cancels.get(order.id)?.();
    this.#cancels.delete(order.id);
    if (order.type === 'timer.set') this.#set(order.id, order.at_ms);
  }

  cancelAll(): void {
    for (const cancel of this.#cancels.values()) cancel();
    this.#cancels.clear();
  }

  #set(id: string, at_ms: number): void {
    const fire = () => {
      this.#cancels.delete(id);
      this.#onFired(id, Math.max(this.#clock.now_ms(), at_ms));
    };
    this.#cancels.set(id, this.#clock.setTimer(Math.max(0, at_ms - this.#clock.now_ms()), fire));
  }
}
