// One actor under the production stepper: events in, effects out, its state at hand, through the disk at each step.
import type { AnyMachineSnapshot } from 'xstate';
import type { ActorDefinition } from '#actors/host.ts';
import { createStepper, type Stepper } from '#runtime/host/stepper.ts';
import type { Effect, HostEvent } from '#schemas/node/host.ts';
import { freeze, thaw } from '#schemas/snapshots/shape.ts';

type Timeless<E> = E extends HostEvent ? Omit<E, 'now_ms'> : never;
/** An event without its time, which the actor under test keeps. */
export type Told = Timeless<HostEvent>;

export class Stepping<Data> {
  readonly #definition: ActorDefinition;
  readonly #stepper: Stepper;
  snapshot: AnyMachineSnapshot;
  now_ms = 1_000;

  constructor(definition: ActorDefinition, id: string) {
    this.#definition = definition;
    this.#stepper = createStepper(definition.machine);
    this.snapshot = this.#stepper.start(id).snapshot;
  }

  /** Give it an event; the effects that it orders. The state must be one that its schema allows. */
  hear(event: Told): readonly Effect[] {
    const { snapshot, effects } = this.#stepper.step(this.snapshot, { ...event, now_ms: this.now_ms } as HostEvent);
    this.snapshot = snapshot;
    this.frozen();
    return effects;
  }

  get data(): Data {
    return (this.snapshot.context as { readonly d: Data }).d;
  }

  get state(): unknown {
    return this.snapshot.value;
  }

  /** The row that a host would write, hex. */
  frozen(): string {
    const { kind, snapshot } = this.#definition;
    const row = freeze(snapshot, { kind, seq: 1, ...this.#stepper.persist(this.snapshot) });
    if (!row.ok) throw new Error(`${kind} left its schema: ${row.detail}`);
    return Buffer.from(row.value).toString('hex');
  }

  /** Go on from such a row. */
  thaw(hex: string): void {
    const row = thaw(this.#definition.snapshot, this.#definition.kind, Buffer.from(hex, 'hex'));
    if (!row.ok) throw new Error(row.code);
    this.snapshot = this.#stepper.restore(row.value);
  }
}

/** A block with these ledger events. */
export const block = (...events: Extract<HostEvent, { type: 'ledger.block' }>['events']): Told => ({
  type: 'ledger.block',
  height: 7,
  time_ms: 7,
  events,
});
export const done = (port: string, key: string, answer: unknown): Told => ({ type: 'io.done', port, key, answer });
export const failed = (port: string, key: string, code = 'IO_FAILED'): Told => ({ type: 'io.failed', port, key, code });
export const fired = (id: string): Told => ({ type: 'timer.fired', id });
export const started: Told = { type: 'actor.started' };
/** Transactions that it submits. */
export const submitted = (effects: readonly Effect[]) => effects.flatMap((e) => (e.type === 'submit' ? [e.body] : []));
/** Keys of the `io` that it asks for. */
export const asked = (effects: readonly Effect[]) =>
  effects.flatMap((e) => (e.type === 'io' ? [`${e.port} ${e.key}`] : []));
