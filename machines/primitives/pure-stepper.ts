// Steps a flat XState machine without an actor. XState says which transition is taken; applying it here is six times cheaper
// than `transition()`, which copies the snapshot at each assignment and computes entry and exit sets that a flat machine has not.
import type { AnyMachineSnapshot, AnyStateMachine, EventObject } from 'xstate';
import { assert, present } from './assert.ts';

/** What decides the next step: state and context, and whose they are. A machine snapshot is one. */
export type FlatSnapshot = Pick<AnyMachineSnapshot, 'machine' | 'value' | 'context'>;

/** Pure stepping of one machine without input. */
export type PureStepper<Emitted extends EventObject> = {
  readonly initial: FlatSnapshot;
  /** The next snapshot and what was emitted, in order. @throws what the machine throws */
  step(
    snapshot: FlatSnapshot,
    event: EventObject,
  ): { readonly snapshot: FlatSnapshot; readonly emitted: readonly Emitted[] };
};

/** What an action is given. */
type Args = { readonly context: object; readonly event: EventObject };
/** The two actions that a pure machine may use, as `assign` and `emit` of XState make them (5.33.3, pinned). */
type PureAction =
  | { readonly type: 'xstate.assign'; readonly assignment: (args: Args) => object }
  | { readonly type: 'xstate.emit'; readonly event: (args: Args) => EventObject };

/**
 * The machine has one level of states, and no more than events, guards, assignments and emissions, both as functions: anything
 * else would do I/O or be forgotten by a restart.
 */
export function pureStepper<Emitted extends EventObject>(machine: AnyStateMachine): PureStepper<Emitted> {
  const { root, config } = machine;
  for (const state of [root, ...Object.values(root.states)]) {
    const hooks = [...state.entry, ...state.exit, ...state.invoke, ...(state.always ?? []), ...state.after];
    assert(hooks.length === 0, `${state.id} does something beside its transitions`);
    assert(state === root || state.type === 'atomic', `${state.id} is more than a plain state`);
  }
  return {
    initial: {
      machine,
      value: present(root.initial.target[0], 'a machine begins somewhere').key,
      context: config.context,
    },
    step(snapshot, event) {
      // Whole snapshots have more, but no more than these three is looked at to choose a transition.
      const [taken] = machine.getTransitionData(snapshot as AnyMachineSnapshot, event);
      const emitted: Emitted[] = [];
      if (taken === undefined) return { snapshot, emitted };
      let { context } = snapshot;
      for (const named of taken.actions) {
        const action = (typeof named === 'string' ? machine.implementations.actions[named] : named) as PureAction;
        const args = { context, event };
        if (action.type === 'xstate.assign') context = { ...context, ...action.assignment(args) };
        else if (action.type === 'xstate.emit') emitted.push(action.event(args) as Emitted);
        else assert(false, `a pure machine may only assign and emit, and not ${JSON.stringify(named)}`);
      }
      return { snapshot: { machine, value: taken.target?.[0]?.key ?? snapshot.value, context }, emitted };
    },
  };
}
