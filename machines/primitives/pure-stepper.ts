// Steps a flat XState machine without an actor, from a table made once of the ways that lead out of each state: ten times cheaper
// than `transition()`, which copies the snapshot at each assignment and computes entry and exit sets that a flat machine has not.
import type { AnyMachineSnapshot, AnyStateMachine, EventObject } from 'xstate';
import { assert, present } from './assert.ts';

/** What decides the next step. A machine snapshot is one. */
export type FlatSnapshot = { readonly value: string; readonly context: AnyMachineSnapshot['context'] };

/** Pure stepping of one machine without input. */
export type PureStepper<Emitted extends EventObject> = {
  readonly initial: FlatSnapshot;
  /** The next snapshot and what was emitted, in order. @throws what the machine throws */
  step(
    snapshot: FlatSnapshot,
    event: EventObject,
  ): { readonly snapshot: FlatSnapshot; readonly emitted: readonly Emitted[] };
};

/** What guards and actions are given. */
type Args = { readonly context: object; readonly event: EventObject };
type Guard = (args: Args) => boolean;
/** The two actions that a pure machine may use, as `assign` and `emit` of XState make them (5.33.3, pinned). */
type PureAction =
  | { readonly type: 'xstate.assign'; readonly assignment: (args: Args) => object }
  | { readonly type: 'xstate.emit'; readonly event: (args: Args) => EventObject };
/** One transition; without a target it stays. */
type Way = {
  readonly guard: Guard | undefined;
  readonly target: string | undefined;
  readonly actions: readonly PureAction[];
};
/** By event type, in the order in which they are tried. */
type Ways = ReadonlyMap<string, readonly Way[]>;
type StateNode = AnyStateMachine['root'];

/**
 * The machine has one level of states, and no more than events, plain guards, assignments and emissions, both as functions:
 * anything else would do I/O or be forgotten by a restart.
 */
export function pureStepper<Emitted extends EventObject>(machine: AnyStateMachine): PureStepper<Emitted> {
  const { root, config } = machine;
  const anywhere = waysOf(machine, root);
  const table = new Map(Object.values(root.states).map((state) => [state.key, waysOf(machine, state)]));
  // The state's own transitions come before the machine's, and the first whose guard passes is taken.
  const choose = (ways: Ways | undefined, args: Args): Way | undefined =>
    ways?.get(args.event.type)?.find(({ guard }) => guard === undefined || guard(args));
  return {
    initial: { value: present(root.initial.target[0], 'a machine begins somewhere').key, context: config.context },
    step(snapshot, event) {
      const emitted: Emitted[] = [];
      let { context } = snapshot;
      const args = { context, event };
      const way = choose(table.get(snapshot.value), args) ?? choose(anywhere, args);
      if (way === undefined) return { snapshot, emitted };
      for (const action of way.actions) {
        if (action.type === 'xstate.assign') context = { ...context, ...action.assignment({ context, event }) };
        else emitted.push(action.event({ context, event }) as Emitted);
      }
      return { snapshot: { value: way.target ?? snapshot.value, context }, emitted };
    },
  };
}

function waysOf(machine: AnyStateMachine, state: StateNode): Ways {
  const hooks = [...state.entry, ...state.exit, ...state.invoke, ...(state.always ?? []), ...state.after];
  assert(hooks.length === 0, `${state.id} does something beside its transitions`);
  assert(state === machine.root || state.type === 'atomic', `${state.id} is more than a plain state`);
  return new Map([...state.transitions].map(([event, all]) => [event, all.map((way) => wayOf(machine, way))]));
}

type Transition = Parameters<Parameters<StateNode['transitions']['forEach']>[0]>[0][number];

function wayOf({ implementations }: AnyStateMachine, { guard, target, actions, eventType }: Transition): Way {
  assert(!eventType.includes('*'), `${eventType} is no event`);
  return {
    guard: guard === undefined ? undefined : guardOf(typeof guard === 'string' ? implementations.guards[guard] : guard),
    target: target?.[0]?.key,
    actions: actions.map((named) => actionOf(typeof named === 'string' ? implementations.actions[named] : named)),
  };
}

function guardOf(guard: unknown): Guard {
  assert(typeof guard === 'function' && !('check' in guard), 'a guard of a pure machine is a plain function');
  return guard as Guard;
}

function actionOf(action: unknown): PureAction {
  const { type } = Object(action) as { readonly type?: unknown };
  assert(
    type === 'xstate.assign' || type === 'xstate.emit',
    `a pure machine may only assign and emit, and not ${String(type ?? action)}`,
  );
  return action as PureAction;
}
