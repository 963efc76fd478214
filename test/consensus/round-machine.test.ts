// The round machine, every state with every event: the table is the specification (arXiv 1807.04938, Algorithm 1).
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createMachine, type EventObject, initialTransition, transition } from 'xstate';
import { type RoundEvent, type RoundOrder, type RoundStep, roundMachine } from '#machines/consensus/round.machine.ts';
import { pureStepper } from '#machines/primitives/pure-stepper.ts';

const stepper = pureStepper<RoundOrder>(roundMachine);
const [A, B] = ['a'.repeat(64), 'b'.repeat(64)];

type Lock = { readonly value: string | null; readonly round: number };
const FREE: Lock = { value: null, round: -1 };

/** Step the machine from a state in round 2. */
function stepFrom(state: RoundStep, event: RoundEvent, lock: Lock = FREE): string {
  const d = {
    round: state === 'unstarted' ? -1 : 2,
    locked_value: lock.value,
    locked_round: lock.round,
    valid_value: lock.value,
    valid_round: lock.round,
  };
  const snapshot = roundMachine.resolveState({ value: state, context: { d } });
  const { snapshot: next, emitted } = stepper.step(snapshot, event);
  const after = next.context.d as typeof d;
  const locks = after.locked_round === lock.round ? [] : [`lock ${name(after.locked_value)}@${after.locked_round}`];
  const valids = after.valid_round === lock.round ? [] : [`valid ${name(after.valid_value)}@${after.valid_round}`];
  const said = [...locks, ...valids, ...emitted.map(show)];
  return next.value === state && said.length === 0
    ? '-'
    : `${String(next.value)}${said.length > 0 ? `: ${said.join(', ')}` : ''}`;
}

const name = (value: string | null): string => (value === A ? 'A' : value === B ? 'B' : 'nil');
function show(order: RoundOrder): string {
  if (order.type === 'schedule') return `schedule ${order.step}(${order.round})`;
  if (order.type === 'precommit') return `precommit ${name(order.value)}`;
  return `${order.type} ${order.value === null && order.type === 'propose' ? 'new' : name(order.value)} vr ${order.valid_round}`;
}

const EVENTS: Record<string, RoundEvent> = {
  'round 3 starts': { type: 'round.started', round: 3, is_proposer: false },
  'round 3 starts, as proposer': { type: 'round.started', round: 3, is_proposer: true },
  'round 2 starts again': { type: 'round.started', round: 2, is_proposer: true },
  'fresh A, valid': { type: 'proposal.fresh', value: A, is_valid: true },
  'fresh A, invalid': { type: 'proposal.fresh', value: A, is_valid: false },
  'repeated A vr 1, valid': { type: 'proposal.repeated', value: A, valid_round: 1, is_valid: true },
  'repeated A vr 1, invalid': { type: 'proposal.repeated', value: A, valid_round: 1, is_valid: false },
  'polka on A': { type: 'polka.reached', value: A },
  'nil polka': { type: 'polka.nil' },
  'prevotes of a quorum': { type: 'prevotes.split' },
  'precommits of a quorum': { type: 'precommits.split' },
  'propose timeout': { type: 'propose.expired' },
  'prevote timeout': { type: 'prevote.expired' },
  decided: { type: 'value.decided' },
};

const TABLE: Record<string, Record<RoundStep, string>> = {
  'round 3 starts': {
    unstarted: 'propose: schedule propose(3)',
    propose: 'propose: schedule propose(3)',
    prevote: 'propose: schedule propose(3)',
    precommit: 'propose: schedule propose(3)',
    commit: '-',
  },
  'round 3 starts, as proposer': {
    unstarted: 'propose: schedule propose(3), propose new vr -1',
    propose: 'propose: schedule propose(3), propose new vr -1',
    prevote: 'propose: schedule propose(3), propose new vr -1',
    precommit: 'propose: schedule propose(3), propose new vr -1',
    commit: '-',
  },
  'round 2 starts again': {
    unstarted: 'propose: schedule propose(2), propose new vr -1',
    propose: '-',
    prevote: '-',
    precommit: '-',
    commit: '-',
  },
  'fresh A, valid': { unstarted: '-', propose: 'prevote: prevote A vr -1', prevote: '-', precommit: '-', commit: '-' },
  'fresh A, invalid': {
    unstarted: '-',
    propose: 'prevote: prevote nil vr -1',
    prevote: '-',
    precommit: '-',
    commit: '-',
  },
  'repeated A vr 1, valid': {
    unstarted: '-',
    propose: 'prevote: prevote A vr 1',
    prevote: '-',
    precommit: '-',
    commit: '-',
  },
  'repeated A vr 1, invalid': {
    unstarted: '-',
    propose: 'prevote: prevote nil vr -1',
    prevote: '-',
    precommit: '-',
    commit: '-',
  },
  'polka on A': {
    unstarted: '-',
    propose: '-',
    prevote: 'precommit: lock A@2, valid A@2, precommit A',
    precommit: 'precommit: valid A@2',
    commit: '-',
  },
  'nil polka': { unstarted: '-', propose: '-', prevote: 'precommit: precommit nil', precommit: '-', commit: '-' },
  'prevotes of a quorum': {
    unstarted: '-',
    propose: '-',
    prevote: 'prevote: schedule prevote(2)',
    precommit: '-',
    commit: '-',
  },
  'precommits of a quorum': {
    unstarted: '-',
    propose: 'propose: schedule precommit(2)',
    prevote: 'prevote: schedule precommit(2)',
    precommit: 'precommit: schedule precommit(2)',
    commit: '-',
  },
  'propose timeout': {
    unstarted: '-',
    propose: 'prevote: prevote nil vr -1',
    prevote: '-',
    precommit: '-',
    commit: '-',
  },
  'prevote timeout': { unstarted: '-', propose: '-', prevote: 'precommit: precommit nil', precommit: '-', commit: '-' },
  decided: { unstarted: 'commit', propose: 'commit', prevote: 'commit', precommit: 'commit', commit: '-' },
};

test('the table is complete: every event that the machine knows, in every state', () => {
  expect(Object.keys(TABLE)).toEqual(Object.keys(EVENTS));
  const types = new Set(Object.values(EVENTS).map(({ type }) => type));
  expect([...types].toSorted()).toEqual(roundMachine.events.toSorted());
  const states = Object.keys(roundMachine.states).toSorted();
  for (const row of Object.values(TABLE)) expect(Object.keys(row).toSorted()).toEqual(states);
});

for (const [event, row] of Object.entries(TABLE)) {
  test.each(Object.entries(row))(`${event}: in %s → %s`, (state, expected) => {
    expect(stepFrom(state as RoundStep, EVENTS[event] as RoundEvent)).toBe(expected);
  });
}

test.each([
  // The paper's lines 22 and 28 take what one is locked on whatever it cites; here nobody prevotes below its lock (ADR 19).
  ['fresh A, valid', { value: A, round: 0 }, 'prevote: prevote nil vr -1'],
  ['fresh A, valid', { value: B, round: 0 }, 'prevote: prevote nil vr -1'],
  ['repeated A vr 1, valid', { value: A, round: 1 }, 'prevote: prevote A vr 1'],
  ['repeated A vr 1, valid', { value: B, round: 0 }, 'prevote: prevote A vr 1'],
  ['repeated A vr 1, valid', { value: B, round: 1 }, 'prevote: prevote A vr 1'],
  ['repeated A vr 0, valid', { value: B, round: 1 }, 'prevote: prevote nil vr -1'],
  ['repeated A vr 0, valid', { value: A, round: 1 }, 'prevote: prevote nil vr -1'],
])('locked: %s under %o → %s', (event, lock, expected) => {
  const repeated: RoundEvent = { type: 'proposal.repeated', value: A, valid_round: 0, is_valid: true };
  expect(stepFrom('propose', EVENTS[event] ?? repeated, lock)).toBe(expected);
});

test('a proposer with a valid value proposes it again with the round of its polka', () => {
  const start: RoundEvent = { type: 'round.started', round: 3, is_proposer: true };
  expect(stepFrom('precommit', start, { value: A, round: 1 })).toBe('propose: schedule propose(3), propose A vr 1');
});

test.each(['round 3 starts', 'nil polka', 'prevote timeout', 'propose timeout'])('%s keeps the lock', (event) => {
  for (const state of ['propose', 'prevote', 'precommit'] as const) {
    expect(stepFrom(state, EVENTS[event] as RoundEvent, { value: B, round: 1 })).not.toContain('lock');
  }
});

test('the stepper goes every way that XState goes, and emits what it emits', () => {
  const events = fc.array(fc.constantFrom(...Object.values(EVENTS)), { maxLength: 12 });
  const property = fc.property(events, (sequence) => {
    let mine = stepper.initial;
    let [theirs] = initialTransition(roundMachine);
    for (const event of sequence) {
      const { snapshot, emitted } = stepper.step(mine, event);
      const [next, actions] = transition(roundMachine, theirs, event);
      expect({ value: snapshot.value, ...snapshot.context, emitted }).toEqual({
        value: next.value,
        ...next.context,
        emitted: actions.map(({ params }) => (params as { readonly event: EventObject }).event),
      });
      [mine, theirs] = [snapshot, next];
    }
  });
  fc.assert(property, { numRuns: 200 });
});

test('the stepper refuses a machine that does more than assign and emit', () => {
  const nested = createMachine({ initial: 'a', states: { a: { initial: 'b', states: { b: {} } } } });
  const entering = createMachine({ initial: 'a', states: { a: { entry: () => undefined } } });
  const acting = createMachine({ initial: 'a', states: { a: { on: { go: { actions: () => undefined } } } } });
  expect(() => pureStepper(nested)).toThrow('a plain state');
  expect(() => pureStepper(entering)).toThrow('beside its transitions');
  expect(() => pureStepper(acting)).toThrow('only assign and emit');
});
