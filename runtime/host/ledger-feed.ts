// The ledger's blocks on their way to actors: one height for the whole host, own heights for the few that are behind.
import assert from 'node:assert/strict';
import { z } from 'zod';
import type { LedgerEvent } from '#schemas/settlement/state.ts';
import { HEIGHT_ROW_EVERY } from '#schemas/wire/limits.ts';
import type { Store } from '../store/store.ts';
import type { Concerns } from './concerns.ts';
import { type Changes, readRow, readTable, row } from './rows.ts';

export class LedgerFeed {
  readonly #concerns: Concerns;
  #height = 0;
  #written_height = 0;
  /** Own heights of actors that are stopped, were stopped, or are younger than this database. */
  readonly #behind = new Map<string, number>();
  readonly #changed = new Set<string>();

  constructor(concerns: Concerns) {
    this.#concerns = concerns;
  }

  async load(store: Store): Promise<void> {
    this.#height = this.#written_height = await readRow(store, row.height, z.int(), 0);
    for await (const [[id = ''], height] of readTable(store, 'behind', 1, z.int())) this.#behind.set(id, height);
  }

  /** Lowest height that some actor still has to hear after. */
  watermark(): number {
    return Math.min(this.#height, ...this.#behind.values());
  }

  /** The actor is new here: it has heard nothing. */
  admit(id: string): void {
    if (this.#height > 0) this.#setBehind(id, 0);
  }

  /** The actor was stopped: from now on its height is its own, the last block that it heard. */
  hold(id: string, height = this.#height): void {
    this.#setBehind(id, Math.min(height, this.#behind.get(id) ?? height));
  }

  /** The actor goes on: at once where it missed nothing, with the next replay otherwise. */
  release(id: string): void {
    if (this.#behind.get(id) === this.#height) this.#catchUp(id);
  }

  /** Hear a block. The answer: which of the host's actors it concerns, and with which events. */
  hear(height: number, events: readonly LedgerEvent[], isStopped: (id: string) => boolean): Map<string, LedgerEvent[]> {
    assert(height <= this.#height + 1, `block ${height} was delivered after ${this.#height}`);
    const isNewest = height === this.#height + 1;
    if (isNewest) this.#height = height;
    const isBehindAndNext = (id: string) => this.#behind.get(id) === height - 1 && !isStopped(id);
    const late = [...this.#behind.keys()].filter(isBehindAndNext);
    const concerned = isNewest || late.length > 0 ? this.#concernedBy(events) : new Map<string, LedgerEvent[]>();
    for (const id of concerned.keys()) {
      const isDue = this.#behind.has(id) ? late.includes(id) : isNewest;
      if (!isDue) concerned.delete(id);
    }
    for (const id of late) this.#setBehind(id, height);
    for (const id of late) this.release(id);
    return concerned;
  }

  /** Heights, if the turn writes anything else or they have run far ahead of the disk: repeating blocks that changed nothing is harmless. */
  write(changes: Changes): void {
    if (changes.ops.length === 0 && this.#height - this.#written_height < HEIGHT_ROW_EVERY) return;
    if (this.#height !== this.#written_height) changes.put(row.height, this.#height);
    this.#written_height = this.#height;
    for (const id of this.#changed) {
      const height = this.#behind.get(id);
      if (height === undefined) changes.del(row.behind(id));
      else changes.put(row.behind(id), height);
    }
    this.#changed.clear();
  }

  /** The events of each actor here, in order. */
  #concernedBy(events: readonly LedgerEvent[]): Map<string, LedgerEvent[]> {
    const concerned = new Map<string, LedgerEvent[]>();
    for (const event of events) {
      for (const id of this.#concerns(event)) {
        const heard = concerned.get(id);
        if (heard === undefined) concerned.set(id, [event]);
        else heard.push(event);
      }
    }
    return concerned;
  }

  #setBehind(id: string, height: number): void {
    this.#behind.set(id, height);
    this.#changed.add(id);
  }

  #catchUp(id: string): void {
    this.#behind.delete(id);
    this.#changed.add(id);
  }
}
