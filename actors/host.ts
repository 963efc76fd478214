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
  /**
   * Which ledger events concern the actor `id`; an empty answer means that the block is not delivered. Either the event names
   * the id, or it concerns every actor of the kind (then also `''`): a host of many actors asks only those.
   */
  readonly concerns: (event: LedgerEvent, id: string) => boolean;
  /** Ports it may use through `io`. */
  readonly ports: readonly string[];
};
