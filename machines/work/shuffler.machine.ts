// The shuffler's state chart: it computes draws as soon as the beacon allows, and reports who is there. It decides nothing.
import { enqueueActions, setup } from 'xstate';
import type { Effect, HostEvent } from '#schemas/node/host.ts';
import type { ShufflerData } from '#schemas/snapshots/shuffler-v1.ts';
import { HeartbeatsAnswer } from '#schemas/work/lottery.ts';
import { askForDraws, newLottery, sendDraws } from './lottery.ts';

/** Workers beat every 10 s; one availability transaction covers an interval (work rules). */
export const AVAILABILITY_INTERVAL_MS = 10_000;
/** Pause after a failed port, ms. */
const RETRY_AFTER_MS = 1_000;

type Step = { readonly d: ShufflerData; readonly effects: readonly Effect[] };

export const shufflerMachine = setup({
  types: {
    input: {} as { id: string },
    context: {} as { d: ShufflerData },
    events: {} as HostEvent,
    emitted: {} as Effect,
  },
  actions: {
    hear: enqueueActions(({ context, event, enqueue }) => {
      const { d, effects } = shufflerStep(context.d, event);
      if (d !== context.d) enqueue.assign({ d });
      for (const effect of effects) enqueue.emit(effect);
    }),
  },
}).createMachine({
  id: 'shuffler',
  context: ({ input }) => ({ d: { id: input.id, rounds_count: 0, lottery: newLottery() } }),
  on: { '*': { actions: 'hear' } },
  initial: 'starting',
  states: {
    starting: { always: { guard: ({ context }) => context.d.lottery.is_asking, target: 'drawing' } },
    drawing: { always: { guard: ({ context }) => !context.d.lottery.is_asking, target: 'starting' } },
  },
});

function shufflerStep(d: ShufflerData, event: HostEvent): Step {
  switch (event.type) {
    case 'actor.started':
      return both(listen(d), ask);
    case 'timer.fired':
      return event.id === 'listen' ? listen(d) : ask(d);
    case 'io.failed': {
      const id = event.port === 'lottery' ? 'ask' : 'listen';
      return { d: pause(d, event.port), effects: [{ type: 'timer.set', id, at_ms: event.now_ms + RETRY_AFTER_MS }] };
    }
    case 'io.done':
      return event.port === 'lottery' ? draw(d, event.answer) : report(d, event.answer);
    default:
      return { d, effects: [] };
  }
}

function listen(d: ShufflerData): Step {
  const rounds_count = d.rounds_count + 1;
  const request = { interval_ms: AVAILABILITY_INTERVAL_MS };
  return {
    d: { ...d, rounds_count },
    effects: [{ type: 'io', port: 'heartbeats', key: `heartbeats:${rounds_count}`, request }],
  };
}

function report(d: ShufflerData, answer: unknown): Step {
  const { heartbeats } = HeartbeatsAnswer.parse(answer);
  const next = listen(d);
  if (heartbeats.length === 0) return next;
  return { d: next.d, effects: [{ type: 'submit', body: { type: 'availability', heartbeats } }, ...next.effects] };
}

function ask(d: ShufflerData): Step {
  const { l, effects } = askForDraws(d.lottery, 0);
  return { d: { ...d, lottery: l }, effects };
}

function draw(d: ShufflerData, answer: unknown): Step {
  const { l, effects } = sendDraws(d.lottery, answer, 0);
  return { d: { ...d, lottery: l }, effects };
}

const pause = (d: ShufflerData, port: string): ShufflerData =>
  port === 'lottery' ? { ...d, lottery: { ...d.lottery, is_asking: false } } : d;

function both(first: Step, then: (d: ShufflerData) => Step): Step {
  const second = then(first.d);
  return { d: second.d, effects: [...first.effects, ...second.effects] };
}
