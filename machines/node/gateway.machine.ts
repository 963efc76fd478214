// The gateway's state chart: its feed runs for as long as the actor lives, and again when it failed. What is in it is the runtime's part.
import { enqueueActions, setup } from 'xstate';
import type { Effect, HostEvent } from '#schemas/node/host.ts';
import type { GatewayData } from '#schemas/snapshots/gateway-v1.ts';

/** Pause after a failed run, ms. */
const RETRY_AFTER_MS = 1_000;

/** One `io` runs the feed: a turn, with its synced write, for each view would cost more than the view. */
export const gatewayMachine = setup({
  types: {
    input: {} as { id: string },
    context: {} as { d: GatewayData },
    events: {} as HostEvent,
    emitted: {} as Effect,
  },
  actions: {
    runFeed: enqueueActions(({ context, enqueue }) => {
      const runs_count = context.d.runs_count + 1;
      enqueue.assign({ d: { ...context.d, runs_count } });
      enqueue.emit({ type: 'io', port: 'feed', key: `feed:${runs_count}`, request: null });
    }),
    retryLater: enqueueActions(({ event, enqueue }) => {
      enqueue.emit({ type: 'timer.set', id: 'retry', at_ms: event.now_ms + RETRY_AFTER_MS });
    }),
  },
}).createMachine({
  id: 'gateway',
  context: ({ input }) => ({ d: { id: input.id, runs_count: 0 } }),
  initial: 'resting',
  states: {
    resting: {
      on: {
        'actor.started': { target: 'feeding', actions: 'runFeed' },
        'timer.fired': { target: 'feeding', actions: 'runFeed' },
      },
    },
    feeding: {
      on: {
        'io.done': { target: 'resting', actions: 'retryLater' },
        'io.failed': { target: 'resting', actions: 'retryLater' },
      },
    },
  },
});
