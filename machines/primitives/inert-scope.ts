// Steps an XState machine without an actor, over one inert scope made once: making it is most of what `transition()` costs.
import { type AnyMachineSnapshot, type AnyStateMachine, createActor, type EventObject } from 'xstate';
import { assert } from './assert.ts';

/** What XState hands to a scope for each action that is not an assignment. */
type ExecutableAction = {
  readonly type: string;
  readonly info: unknown;
  readonly params: unknown;
  readonly exec?: (info: unknown, params: unknown) => void;
};
type Scope = Parameters<AnyStateMachine['transition']>[2];

/** Pure stepping of one machine without input; not reentrant, which a step never needs. */
export type PureStepper<Emitted extends EventObject> = {
  readonly initial: AnyMachineSnapshot;
  /** The next snapshot and what was emitted, in order. @throws what the machine throws */
  step(
    snapshot: AnyMachineSnapshot,
    event: EventObject,
  ): { readonly snapshot: AnyMachineSnapshot; readonly emitted: readonly Emitted[] };
};

/** The machine may only assign and emit: anything else would do I/O or be forgotten by a restart. */
export function pureStepper<Emitted extends EventObject>(machine: AnyStateMachine): PureStepper<Emitted> {
  let emitted: Emitted[] = [];
  const scope = inertScope(machine, (event) => emitted.push(event as Emitted));
  return {
    initial: machine.getInitialSnapshot(scope, undefined),
    step(snapshot, event) {
      emitted = [];
      const next = machine.transition(snapshot, event, scope);
      if (next.status === 'error') throw next.error;
      return { snapshot: next, emitted };
    },
  };
}

function inertScope(machine: AnyStateMachine, emit: (event: EventObject) => void): Scope {
  const self = createActor(machine);
  const scope = {
    self,
    system: self.system,
    id: '',
    sessionId: '',
    logger: () => undefined,
    stopChild: () => undefined,
    defer: (run: () => void) => run(),
    emit,
    actionExecutor: (action: ExecutableAction) => {
      assert(action.type === 'xstate.emit', `a pure machine may not use ${action.type}`);
      action.exec?.(action.info, action.params);
    },
  };
  // XState calls no more than these members of its ActorScope in a transition (5.33.3, pinned).
  return scope as unknown as Scope;
}
