// One turn after the other: whatever has arrived by then shares the next one. What waits is bounded in bytes.
import type { Input } from '#machines/consensus/types.ts';
import { MAX_INGRESS_BYTES } from '#schemas/wire/limits.ts';

export class TurnLoop {
  readonly #run: (inputs: readonly Input[]) => Promise<void>;
  readonly #onFailure: (error: unknown) => void;
  #inputs: Input[] = [];
  /** Bytes of the messages among the inputs. */
  #bytes = 0;
  #isWorkQueued = false;
  #turn: Promise<void> | undefined;
  #isStopped = false;

  /**
   * @param run one turn; the next begins when it resolves
   * @param onFailure a turn that failed: memory may be ahead of the disk, so nothing may follow it
   */
  constructor(run: (inputs: readonly Input[]) => Promise<void>, onFailure: (error: unknown) => void) {
    this.#run = run;
    this.#onFailure = onFailure;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Whether a message of this size may wait for a turn. */
  hasRoom(size_bytes: number): boolean {
    return this.#bytes + size_bytes <= MAX_INGRESS_BYTES;
  }

  /** @param size_bytes of the message that it came in, 0 for what is this node's own */
  push(input: Input, size_bytes = 0): void {
    this.#inputs.push(input);
    this.#bytes += size_bytes;
    // Whatever else has arrived by now is read first and shares the turn.
    if (this.#turn === undefined && !this.#isStopped)
      this.#turn = new Promise((resolve) => setImmediate(() => resolve(this.#runAll())));
  }

  /** Push `work.arrived`, unless one waits already. */
  pushWork(now_ms: number): void {
    if (this.#isWorkQueued) return;
    this.#isWorkQueued = true;
    this.push({ type: 'work.arrived', now_ms });
  }

  /** No turn begins any more. */
  stop(): void {
    this.#isStopped = true;
  }

  /** The turn that runs is over. */
  async settled(): Promise<void> {
    await this.#turn;
  }

  async #runAll(): Promise<void> {
    try {
      while (this.#inputs.length > 0 && !this.#isStopped) await this.#run(this.#take());
    } catch (error) {
      this.#onFailure(error);
    } finally {
      this.#turn = undefined;
    }
  }

  #take(): Input[] {
    this.#isWorkQueued = false;
    this.#bytes = 0;
    return this.#inputs.splice(0);
  }
}
