// The port between actors and whoever runs them: what an actor is, what it hears, what it may order.
import type { AnyStateMachine } from 'xstate';
import type { z } from 'zod';
import type { LedgerEvent } from '#schemas/settlement/state.ts';
import type { SnapshotShape } from '#schemas/snapshots/shape.ts';

export type { Effect, HostEvent } from '#schemas/node/host.ts';

import type { ActorKind } from '#schemas/wire/subjects.ts';

/** One row of the actor table. Data only. */
export type ActorDefinition = {
  readonly kind: ActorKind;
  /** Machine with input `{ id: string }`, events HostEvent, emitted Effect. */
  readonly machine: AnyStateMachine;
  /** Version of the snapshot's shape and its schema (schemas/snapshots). */
  readonly snapshot: SnapshotShape;
  /** Message kinds that it accepts in its mailbox, each with the schema of its body. */
  readonly hears: Readonly<Record<string, z.ZodType>>;
  /** Whom of the kind a ledger event concerns, by id; a block that concerns an actor in nothing is not delivered to it. */
  readonly concerns: (event: LedgerEvent) => readonly string[] | 'all';
  /** Ports it may use through `io`. */
  readonly ports: readonly string[];
};
