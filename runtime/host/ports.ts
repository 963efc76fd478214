// What a host needs of its surroundings, and what it offers to them.
import type { ActorDefinition } from '#actors/host.ts';
import type { Log } from '#runtime/observe/log.ts';
import type { Metrics } from '#runtime/observe/metrics.ts';
import type { LedgerEvent } from '#schemas/settlement/state.ts';
import type { Bus } from '../bus/bus.ts';
import type { Store } from '../store/store.ts';

export type Clock = {
  now_ms(): number;
  /** Call `fire` once after `delay_ms`; the answer cancels it. */
  setTimer(delay_ms: number, fire: () => void): () => void;
};

/** What a host asks of the node's replica of the ledger. */
export type LedgerPort = {
  /** Last finalised height. */
  height(): number;
  /** Nonce that the ledger expects next of an account. */
  nextNonce(account: string): number;
  /** Fee to offer with a transaction, minor units. */
  feeUnits(): bigint;
};

/** Performs `io` effects. A repeat with the same key must be harmless. Rejections carry a `code`. */
export type IoPort = {
  (
    request: unknown,
    call: { readonly key: string; readonly actor: string; readonly signal: AbortSignal },
  ): Promise<unknown>;
  /**
   * The answer, where it takes no time and finding it changes nothing outside this process: the actor hears it in the turn in
   * which it asks, before anything is on disk. Undefined: make the call. Must not throw.
   */
  readonly atOnce?: (request: unknown, actor: string) => unknown;
};

export type ActorSeat = {
  readonly definition: ActorDefinition;
  /** Public key in hex. */
  readonly id: string;
  readonly sign: (bytes: Uint8Array) => Uint8Array;
  /** Connection that is authenticated as this actor; actors of one key share one. */
  readonly bus: Bus;
};

export type HostOptions = {
  readonly store: Store;
  readonly clock: Clock;
  /** Chain id, hex: envelopes and transactions of other networks are refused. */
  readonly chain: string;
  readonly actors: readonly ActorSeat[];
  readonly ports: Readonly<Record<string, IoPort>>;
  readonly ledger: LedgerPort;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Called once when the store fails: memory may be ahead of the disk, so the process must end and start again. */
  readonly onFailure: (error: unknown) => void;
};

/** One refused or failed event that waits for an operator. */
export type QuarantinedEvent = {
  readonly seq: number;
  readonly at_ms: number;
  /** What the machine threw. */
  readonly error: string;
  readonly trace: string;
  /** The HostEvent that failed. */
  readonly event: { readonly type: string };
};

/** What an operator sees of an actor. */
export type Inspection = {
  readonly id: string;
  readonly kind: string;
  readonly version: number;
  readonly seq: number;
  readonly value: unknown;
  readonly context: unknown;
  readonly is_stopped: boolean;
  /** What it threw last, or why its snapshot cannot be read; '' while it runs. */
  readonly stopped_because: string;
  readonly is_resident: boolean;
  /** Messages that wait for a turn here. */
  readonly mailbox_count: number;
  readonly timers: readonly { readonly id: string; readonly at_ms: number }[];
  readonly outbox: readonly { readonly to: string; readonly count: number }[];
  /** Nonces of transactions that the ledger has not consumed. */
  readonly submits: readonly number[];
  readonly io: readonly { readonly port: string; readonly key: string }[];
  readonly quarantine_count: number;
};

export type Host = {
  /** Read what is stored, start new actors, open the mailboxes. @throws StoreError */
  start(): Promise<void>;
  /** Stop pulling, finish the turn, say what was applied, let publishes end; at most DRAIN_MS. Store and buses stay open. */
  drain(): Promise<void>;
  /** Lowest height that some actor here still has to hear after: replay blocks from the next one on. */
  ledgerWatermark(): number;
  /** Events of a finalised block, heights without gaps; a height heard before is a repeat. Resolves when the turn is on disk. */
  deliverBlock(height: number, time_ms: number, events: readonly LedgerEvent[]): Promise<void>;
  /** @throws RangeError when no such actor is hosted here */
  inspect(id: string): Promise<Inspection>;
  /** Refusals since the start, by peer and code. */
  refusals(): readonly { readonly peer: string; readonly code: string; readonly count: number }[];
  readonly quarantine: {
    list(id: string): Promise<readonly QuarantinedEvent[]>;
    /** Give the event to the actor again; it leaves quarantine in the same turn. False: no such event. */
    inject(id: string, seq: number): Promise<boolean>;
    /** Forget it. False: no such event. */
    drop(id: string, seq: number): Promise<boolean>;
    /** Let a stopped actor go on; blocks that it missed come with the next replay from `ledgerWatermark()`. */
    resume(id: string): Promise<void>;
  };
};
