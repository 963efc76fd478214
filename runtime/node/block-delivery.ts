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
  /** Height of the last durable block: memory may be ahead of it. */
  #height: number;
  /** Events of blocks that the host has not been given; heights that are missing had none. */
  readonly #waiting = new Map<number, BlockEvents>();
  #next = 0;
  #latest_ms = 0;
  #isPumping = false;

  /** @param height of the ledger as the store has it */
  constructor(store: Store, host: Host, height: number) {
    this.#store = store;
    this.#host = host;
    this.#height = height;
  }

  /** Give the host what it has not heard. Call after its start, and again after an actor was resumed. */
  async replay(): Promise<void> {
    const heard = this.#host.ledgerWatermark();
    for await (const block of readEvents(this.#store, heard)) this.#waiting.set(block.height, block);
    this.#next = heard + 1;
    void this.#pump();
  }

  /** A block was executed and is durable. */
  push(block: BlockEvents): void {
    this.#height = block.height;
    this.#latest_ms = block.time_ms;
    if (block.events.length > 0) this.#waiting.set(block.height, block);
    if (this.#next > 0) void this.#pump();
  }

  async #pump(): Promise<void> {
    if (this.#isPumping) return;
    this.#isPumping = true;
    while (this.#next <= this.#height) {
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
