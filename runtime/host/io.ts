// Work with the outside: rows until answered, started again after a restart with the same key, so many per port at once.
import { z } from 'zod';
import { MAX_IO_AT_ONCE } from '#schemas/wire/limits.ts';
import type { Store } from '../store/store.ts';
import type { IoPort } from './ports.ts';
import { type Changes, readTable, row } from './rows.ts';

export type IoCall = {
  readonly actor: string;
  readonly port: string;
  readonly key: string;
  readonly trace: string;
  readonly request: unknown;
};
export type IoOutcome =
  | { readonly isDone: true; readonly answer: unknown }
  | { readonly isDone: false; readonly code: string };

const IoRow = z.strictObject({ trace: z.string(), request: z.unknown() });

export class Io {
  readonly #ports: Readonly<Record<string, IoPort>>;
  readonly #onOutcome: (call: IoCall, outcome: IoOutcome) => void;
  /** Unanswered calls by row key. */
  readonly #calls = new Map<string, IoCall>();
  /** Calls of a port that wait for a place, oldest first, and how many are under way. */
  readonly #waiting = new Map<string, IoCall[]>();
  readonly #running = new Map<string, number>();
  readonly #abort = new AbortController();

  constructor(ports: Readonly<Record<string, IoPort>>, onOutcome: (call: IoCall, outcome: IoOutcome) => void) {
    this.#ports = ports;
    this.#onOutcome = onOutcome;
  }

  /** Read the calls that were not answered in an earlier life. */
  async load(store: Store): Promise<void> {
    for await (const [[actor = '', port = '', key = ''], { trace, request }] of readTable(store, 'io', 3, IoRow))
      this.#calls.set(row.io(actor, port, key), { actor, port, key, trace, request });
  }

  /** Note a call; the same key while it is unanswered is the same call. `start` it when the turn is on disk. */
  add(call: IoCall, changes: Changes): boolean {
    const key = row.io(call.actor, call.port, call.key);
    if (this.#calls.has(key)) return false;
    this.#calls.set(key, call);
    changes.put(key, { trace: call.trace, request: call.request });
    return true;
  }

  /** The answer to a call that need not wait for the disk. Undefined where it must, or is under way already. */
  atOnce(actor: string, port: string, key: string, request: unknown): unknown {
    return this.#calls.has(row.io(actor, port, key)) ? undefined : this.#ports[port]?.atOnce?.(request, actor);
  }

  /** The answer is applied: the row goes with the turn. False: it was answered before. */
  settle(call: IoCall, changes: Changes): boolean {
    const key = row.io(call.actor, call.port, call.key);
    if (!this.#calls.delete(key)) return false;
    changes.del(key);
    return true;
  }

  /** Start (again) the unanswered calls of the actors chosen. */
  startAll(isChosen: (actor: string) => boolean): void {
    for (const call of this.#calls.values()) if (isChosen(call.actor)) this.start(call);
  }

  start(call: IoCall): void {
    const running = this.#running.get(call.port) ?? 0;
    if (running < MAX_IO_AT_ONCE) {
      this.#running.set(call.port, running + 1);
      void this.#perform(call);
      return;
    }
    const waiting = this.#waiting.get(call.port);
    if (waiting === undefined) this.#waiting.set(call.port, [call]);
    else waiting.push(call);
  }

  of(actor: string): readonly IoCall[] {
    return [...this.#calls.values()].filter((call) => call.actor === actor);
  }

  /** Give up what is under way: the rows stay, the next life starts it again. */
  abort(): void {
    this.#abort.abort();
  }

  async #perform(call: IoCall): Promise<void> {
    const outcome = await this.#outcome(call);
    this.#running.set(call.port, (this.#running.get(call.port) ?? 1) - 1);
    if (this.#abort.signal.aborted) return;
    this.#onOutcome(call, outcome);
    const next = this.#waiting.get(call.port)?.shift();
    if (next !== undefined) this.start(next);
  }

  async #outcome({ actor, port, key, request }: IoCall): Promise<IoOutcome> {
    try {
      const answer = await this.#ports[port]?.(request, { key, actor, signal: this.#abort.signal });
      // Undefined has no place on the wire or in a row; null says the same.
      return { isDone: true, answer: answer ?? null };
    } catch (error) {
      return { isDone: false, code: codeOf(error) };
    }
  }
}

/** The code that a failed port gives; a label, so bounded by the codes that ports have. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'IO_FAILED';
