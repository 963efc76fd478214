// Rings once per executed block: those who wait for news, and those who hear them all.
import type { ExecutedBlock } from './replica.ts';

export class BlockBell {
  readonly #listeners = new Set<(block: ExecutedBlock) => void>();
  #waiting: (() => void)[] = [];

  /** Hear every block from now on; the answer ends it. */
  onBlock(listener: (block: ExecutedBlock) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  ring(block: ExecutedBlock): void {
    for (const listener of this.#listeners) listener(block);
    this.wake();
  }

  /** Whoever waits looks again. */
  wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  /** Resolves with the next block or other news, or when the signal fires. */
  next(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      // The signal lives as long as the node: a listener that stayed would be one more for each block.
      const end = (): void => {
        signal.removeEventListener('abort', end);
        resolve();
      };
      signal.addEventListener('abort', end);
      this.#waiting.push(end);
    });
  }
}
