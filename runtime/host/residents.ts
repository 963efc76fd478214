// The actors of this host: which are in memory, which sleep on disk, which were stopped, how far each has heard the ledger.
import assert from 'node:assert/strict';
import { z } from 'zod';
import type { ActorDefinition } from '#actors/host.ts';
import { thaw } from '#schemas/snapshots/shape.ts';
import { accept, type Result, refuse } from '#schemas/wire/codes.ts';
import { ACTOR_FAULT_WINDOW_MS, MAX_ACTOR_FAULTS, MAX_RESIDENT_ACTORS } from '#schemas/wire/limits.ts';
import type { Store } from '../store/store.ts';
import type { ActorState } from './advance.ts';
import type { ActorSeat } from './ports.ts';
import { type Changes, readTable, row } from './rows.ts';
import { createStepper, type Stepper } from './stepper.ts';

export type Actor = ActorSeat & {
  readonly stepper: Stepper;
  /** Undefined while it sleeps on disk. */
  state: ActorState | undefined;
  /** Why it is stopped; undefined while it runs. */
  stopped: string | undefined;
  /** Times of its last faults, ms. */
  faults_ms: number[];
};

export class Residents {
  readonly #store: Store;
  readonly #actors: ReadonlyMap<string, Actor>;
  /** Actors in memory, least recently used first. */
  readonly #awake = new Set<Actor>();

  constructor(store: Store, seats: readonly ActorSeat[]) {
    this.#store = store;
    const steppers = new Map<ActorDefinition, Stepper>();
    const stepperOf = (definition: ActorDefinition): Stepper => {
      const stepper = steppers.get(definition) ?? createStepper(definition.machine);
      steppers.set(definition, stepper);
      return stepper;
    };
    this.#actors = new Map(
      seats.map((seat) => [
        seat.id,
        { ...seat, stepper: stepperOf(seat.definition), state: undefined, stopped: undefined, faults_ms: [] },
      ]),
    );
    assert(this.#actors.size === seats.length, 'an actor is hosted twice');
  }

  async load(): Promise<void> {
    for await (const [[id = ''], reason] of readTable(this.#store, 'stopped', 1, z.string())) {
      const actor = this.#actors.get(id);
      if (actor !== undefined) actor.stopped = reason;
    }
  }

  get byId(): ReadonlyMap<string, Actor> {
    return this.#actors;
  }

  /** It is hosted here and not stopped. */
  isRunning(id: string): boolean {
    const actor = this.#actors.get(id);
    return actor !== undefined && actor.stopped === undefined;
  }

  get awake_count(): number {
    return this.#awake.size;
  }

  /** Bring an actor into memory. False: it has no snapshot yet, or one that cannot be read, which stops it. */
  async wake(actor: Actor, changes: Changes): Promise<boolean> {
    if (actor.state === undefined) {
      const bytes = await this.#store.get(row.snapshot(actor.id));
      if (bytes === undefined) return false;
      const state = readState(actor, bytes);
      if (!state.ok) {
        this.stop(actor, `${state.code} ${state.detail ?? ''}`, changes);
        return false;
      }
      actor.state = state.value;
    }
    this.touch(actor);
    return true;
  }

  /** It was just used. */
  touch(actor: Actor): void {
    this.#awake.delete(actor);
    this.#awake.add(actor);
  }

  /** Put the least recently used to sleep; between turns only, when memory and disk agree. */
  evict(): void {
    for (const actor of this.#awake) {
      if (this.#awake.size <= MAX_RESIDENT_ACTORS) return;
      actor.state = undefined;
      this.#awake.delete(actor);
    }
  }

  /** Count a fault; too many within the window stop the actor. True: it is stopped now. */
  blame(actor: Actor, error: unknown, now_ms: number, changes: Changes): boolean {
    const recent = actor.faults_ms.filter((at_ms) => at_ms > now_ms - ACTOR_FAULT_WINDOW_MS);
    actor.faults_ms = [...recent, now_ms].slice(-MAX_ACTOR_FAULTS);
    if (actor.faults_ms.length < MAX_ACTOR_FAULTS) return false;
    this.stop(actor, String(error), changes);
    return true;
  }

  stop(actor: Actor, reason: string, changes: Changes): void {
    actor.stopped = reason;
    changes.put(row.stopped(actor.id), reason);
  }

  resume(actor: Actor, changes: Changes): void {
    actor.stopped = undefined;
    actor.faults_ms = [];
    changes.del(row.stopped(actor.id));
  }
}

/** The state in a stored snapshot. Refusals: SNAPSHOT_MALFORMED, SNAPSHOT_VERSION_UNKNOWN. */
export function readState({ definition, stepper }: Actor, bytes: Uint8Array): Result<ActorState> {
  try {
    const got = thaw(definition.snapshot, definition.kind, bytes);
    return got.ok ? accept({ snapshot: stepper.restore(got.value), seq: got.value.seq }) : got;
  } catch (error) {
    // A migration that throws, or a state that this release's machine does not have.
    return refuse('SNAPSHOT_MALFORMED', String(error));
  }
}
