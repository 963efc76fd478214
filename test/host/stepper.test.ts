// A stepper steps a machine as XState's own actor would, without an actor; what would escape a restart is a bug.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createActor, emit, enqueueActions, raise, setup } from 'xstate';
import type { Effect, HostEvent } from '#actors/host.ts';
import { createStepper } from '#runtime/host/stepper.ts';

type Context = { readonly n: number };
const types = {
  input: {} as { id: string },
  context: {} as Context,
  events: {} as HostEvent | { type: 'again' },
  emitted: {} as Effect,
};
const cancel: Effect = { type: 'timer.cancel', id: 'x' };

/** Parallel regions, history, guards, raised and eventless transitions. */
const chart = setup({
  types,
  guards: { isOdd: ({ context }) => context.n % 2 === 1 },
  actions: {
    count: enqueueActions(({ context, enqueue }) => {
      enqueue.assign({ n: context.n + 1 });
      enqueue.emit({ type: 'timer.set', id: 'count', at_ms: context.n });
    }),
  },
}).createMachine({
  id: 'chart',
  context: { n: 0 },
  type: 'parallel',
  on: { 'io.done': { actions: emit(cancel) } },
  states: {
    left: {
      initial: 'a',
      states: {
        a: { on: { 'timer.fired': { target: 'b', actions: 'count' } } },
        b: { entry: raise({ type: 'again' }), on: { again: { actions: 'count' }, 'timer.fired': 'a' } },
      },
    },
    right: {
      initial: 'even',
      states: {
        even: { always: { guard: 'isOdd', target: 'odd' } },
        odd: { always: { guard: ({ context }) => context.n % 2 === 0, target: 'even' } },
      },
    },
  },
});

const fired: HostEvent = { type: 'timer.fired', id: 't', now_ms: 0 };
const done: HostEvent = { type: 'io.done', port: 'p', key: 'k', answer: null, now_ms: 0 };
const unheard: HostEvent = { type: 'actor.started', now_ms: 0 };

test('any events give the states and effects that an actor of XState gives', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(fired, done, unheard), { maxLength: 20 }), (events) => {
      const actor = createActor(chart, { input: { id: 'x' } });
      const emitted: Effect[] = [];
      actor.on('*', (effect) => emitted.push(effect));
      actor.start();
      const stepper = createStepper(chart);
      let { snapshot } = stepper.start('x');
      const effects: Effect[] = [];
      for (const event of events) {
        actor.send(event);
        const step = stepper.step(snapshot, event);
        // Through the disk at each step, as after an eviction.
        snapshot = stepper.restore(structuredClone(stepper.persist(step.snapshot)));
        effects.push(...step.effects);
      }
      expect(snapshot.value).toEqual(actor.getSnapshot().value);
      expect(snapshot.context).toEqual(actor.getSnapshot().context);
      expect(effects).toEqual(emitted);
    }),
  );
});

test('an event that changes nothing gives the very same snapshot', () => {
  const stepper = createStepper(chart);
  const { snapshot } = stepper.start('x');
  expect(stepper.step(snapshot, unheard).snapshot).toBe(snapshot);
  expect(stepper.step(snapshot, done)).toMatchObject({ snapshot, effects: [cancel] });
  expect(stepper.step(snapshot, fired).snapshot).not.toBe(snapshot);
});

const start = { context: { n: 0 }, initial: 'a' } as const;
const a = { on: { 'timer.fired': 'b' } } as const;
describe('what would escape a restart throws', () => {
  test.each([
    ['a function as an action', setup({ types }).createMachine({ ...start, states: { a, b: { entry: () => {} } } })],
    [
      'a delayed event',
      setup({ types }).createMachine({
        ...start,
        states: { a, b: { entry: raise({ type: 'again' }, { delay: 10 }) } },
      }),
    ],
    ['a delayed transition', setup({ types }).createMachine({ ...start, states: { a, b: { after: { 10: 'a' } } } })],
  ])('%s', (_name, machine) => {
    const stepper = createStepper(machine);
    const { snapshot } = stepper.start('x');
    expect(() => stepper.step(snapshot, fired)).toThrow(/a machine may not use/);
    // The failed step leaves nothing behind in the shared scope.
    expect(stepper.step(snapshot, done)).toEqual({ snapshot, effects: [] });
  });
});
