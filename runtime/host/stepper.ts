// The only file that touches XState's internals: steps a machine without an actor, at four times the speed of `transition()`.
import assert from 'node:assert/strict';
import { type AnyMachineSnapshot, type AnyStateMachine, createActor, type EventObject } from 'xstate';
import type { Effect, HostEvent } from '#actors/host.ts';
import type { Frozen, StateValue } from '#schemas/snapshots/shape.ts';

/** What a step gives: the same snapshot object when the event changed nothing. */
export type Step = { readonly snapshot: AnyMachineSnapshot; readonly effects: readonly Effect[] };

/** Pure stepping of one machine. Not reentrant, which a step never needs: it does no I/O. */
export type Stepper = {
  /** First snapshot of the actor `id`. @throws what the machine throws */
  readonly start: (id: string) => Step;
  /** @throws what the machine throws; the given snapshot is untouched */
  readonly step: (snapshot: AnyMachineSnapshot, event: HostEvent) => Step;
  readonly persist: (snapshot: AnyMachineSnapshot) => Frozen;
  /** @throws when the machine has no such state */
  readonly restore: (frozen: Frozen) => AnyMachineSnapshot;
};

/** What XState hands to a scope for each action that is not an assignment. */
type ExecutableAction = {
  readonly type: string;
  readonly info: unknown;
  readonly params: unknown;
  readonly exec?: (info: unknown, params: unknown) => void;
};
type Scope = Parameters<AnyStateMachine['transition']>[2];

const EMITS = 'xstate.emit';
const RAISES = 'xstate.raise';

/** A stepper with one inert scope, made once per machine: making it is most of the cost of XState's own `transition()`. */
export function createStepper(machine: AnyStateMachine): Stepper {
  let effects: Effect[] = [];
  const scope = inertScope(machine, (effect) => effects.push(effect));
  const collect = (run: () => AnyMachineSnapshot): Step => {
    effects = [];
    const snapshot = run();
    if (snapshot.status === 'error') throw snapshot.error;
    return { snapshot, effects };
  };
  return {
    start: (id) => collect(() => machine.getInitialSnapshot(scope, { id })),
    step: (snapshot, event) => {
      const after = collect(() => machine.transition(snapshot, event, scope));
      return isSame(snapshot, after.snapshot) ? { snapshot, effects: after.effects } : after;
    },
    persist: (snapshot) => ({ value: snapshot.value as StateValue, context: snapshot.context }),
    restore: (frozen) => machine.resolveState({ value: frozen.value, context: frozen.context }),
  };
}

function inertScope(machine: AnyStateMachine, emit: (effect: Effect) => void): Scope {
  const self = createActor(machine, { input: { id: '' } });
  const scope = {
    self,
    system: self.system,
    id: '',
    sessionId: '',
    logger: () => {},
    stopChild: () => {},
    defer: (run: () => void) => run(),
    emit: (event: EventObject) => emit(event as Effect),
    actionExecutor: (action: ExecutableAction) => {
      // Anything else (a function, a delay, a child) would do I/O or be forgotten by a restart.
      assert(
        action.type === EMITS || (action.type === RAISES && isUndelayed(action)),
        `a machine may not use ${action.type}`,
      );
      if (action.type === EMITS) action.exec?.(action.info, action.params);
    },
  };
  return scope as unknown as Scope;
}

const isUndelayed = ({ params }: ExecutableAction): boolean => (params as { delay?: number }).delay === undefined;

/** XState makes a new object for every transition taken; only another state or context is a change. */
const isSame = (before: AnyMachineSnapshot, after: AnyMachineSnapshot): boolean =>
  before === after ||
  (before.context === after.context && before.status === after.status && sameNodes(before._nodes, after._nodes));

function sameNodes(a: AnyMachineSnapshot['_nodes'], b: AnyMachineSnapshot['_nodes']): boolean {
  return a === b || (a.length === b.length && a.every((node) => b.includes(node)));
}
