// Hands the events of executed blocks to the host, in height order and without gaps, old ones from the store first.
import type { Host } from '../host/ports.ts';
import type { Store } from '../store/store.ts';
import { type BlockEvents, forgetEvents, readEvents } from './ledger-rows.ts';

/** Blocks on their way into the host at once: they share turns, and memory stays bounded. */
const MAX_UNDER_WAY = 64;
/** How often events that everyone has heard are forgotten, in blocks. */
const FORGET_EVERY = 256;

export class BlockDelivery {
  readonly #store: Store;
  readonly #host: Host;
  readonly #written: () => Promise<void>;
  /** Height of the last block that was pushed. */
  #height: number;
  /** Events of blocks that the host has not been given; heights that are missing had none. */
  readonly #waiting = new Map<number, BlockEvents>();
  #next = 0;
  #latest_ms = 0;
  #isPumping = false;
  #isReplaying = false;

  /**
   * @param height of the ledger as the store has it
   * @param written resolves when the events of every pushed block are in the store
   */
  constructor(store: Store, host: Host, height: number, written: () => Promise<void>) {
    this.#store = store;
    this.#host = host;
    this.#height = height;
    this.#written = written;
  }

  /** Give the host what it has not heard. Call after its start, and again after an actor was resumed. */
  async replay(): Promise<void> {
    // What is pushed meanwhile waits, or it would be given away before what is read here.
    this.#isReplaying = true;
    await this.#written();
    const heard = this.#host.ledgerWatermark();
    for await (const block of readEvents(this.#store, heard)) this.#waiting.set(block.height, block);
    this.#next = heard + 1;
    this.#isReplaying = false;
    void this.#pump();
  }

  /** A block was executed; again, where a crash found the ledger behind the host. */
  push(block: BlockEvents): void {
    this.#height = block.height;
    this.#latest_ms = block.time_ms;
    if (block.events.length > 0 && block.height >= this.#next) this.#waiting.set(block.height, block);
    if (this.#next > 0) void this.#pump();
  }

  async #pump(): Promise<void> {
    if (this.#isPumping) return;
    this.#isPumping = true;
    while (this.#next <= this.#height && !this.#isReplaying) {
      const under_way: Promise<void>[] = [];
      for (; this.#next <= this.#height && under_way.length < MAX_UNDER_WAY; this.#next++)
        under_way.push(this.#deliver(this.#next));
      // A host that drains refuses the rest: the next start replays it.
      const ends = await Promise.allSettled(under_way);
      if (ends.some(({ status }) => status === 'rejected')) break;
      if (this.#next % FORGET_EVERY < under_way.length) await forgetEvents(this.#store, this.#host.ledgerWatermark());
    }
    this.#isPumping = false;
  }

  #deliver(height: number): Promise<void> {
    const block = this.#waiting.get(height);
    this.#waiting.delete(height);
    return this.#host.deliverBlock(height, block?.time_ms ?? this.#latest_ms, block?.events ?? []);
  }
}
