// What machines hear from their host and order from it; plain data on both sides.
import type { LedgerEvent } from '../settlement/state.ts';
import type { TxBody } from '../settlement/transaction.ts';

/** Orders of a machine to its host; plain data, emitted with `enqueue.emit`. Performed only after the turn is durable. */
export type Effect =
  /** Durable message to another actor, applied exactly once. */
  | { readonly type: 'send'; readonly to: string; readonly kind: string; readonly body: unknown }
  /** Ledger transaction of this actor; the host gives it the next nonce and repeats it until the ledger has it. */
  | { readonly type: 'submit'; readonly body: TxBody }
  /** Set (or move) the timer `id`; it comes back as `timer.fired`. */
  | { readonly type: 'timer.set'; readonly id: string; readonly at_ms: number }
  | { readonly type: 'timer.cancel'; readonly id: string }
  /** Work with the outside; `key` makes a repeat harmless; the answer comes back as `io.done` or `io.failed`. */
  | { readonly type: 'io'; readonly port: string; readonly key: string; readonly request: unknown }
  | {
      readonly type: 'log';
      readonly level: 'info' | 'warn';
      readonly message: string;
      readonly data: Readonly<Record<string, string | number>>;
    }
  | { readonly type: 'metric'; readonly name: 'sortition_archive_settlements_total'; readonly add: number };

/** Events that every machine may hear beside its own messages. `now_ms` is a recorded input, never read from a clock. */
export type HostEvent =
  /** Once in an actor's life, before anything else: a restart goes on from the snapshot, with its timers and open `io`. */
  | { readonly type: 'actor.started'; readonly now_ms: number }
  | { readonly type: 'timer.fired'; readonly id: string; readonly now_ms: number }
  | {
      readonly type: 'io.done';
      readonly port: string;
      readonly key: string;
      readonly answer: unknown;
      readonly now_ms: number;
    }
  | {
      readonly type: 'io.failed';
      readonly port: string;
      readonly key: string;
      readonly code: string;
      readonly now_ms: number;
    }
  /** All events of one finalised block that concern this actor. */
  | {
      readonly type: 'ledger.block';
      readonly height: number;
      readonly time_ms: number;
      readonly events: readonly LedgerEvent[];
      readonly now_ms: number;
    }
  | {
      readonly type: 'message';
      readonly kind: string;
      readonly from: string;
      readonly body: unknown;
      readonly now_ms: number;
    };
