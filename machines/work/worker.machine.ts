// The worker's state chart: idle until something is drawn for it, working while any attempt of its own is open.
import { enqueueActions, setup } from 'xstate';
import type { Effect, HostEvent } from '#schemas/node/host.ts';
import type { WorkerData } from '#schemas/snapshots/worker-v1.ts';
import { newWorker, workerStep } from './worker.ts';

export const workerMachine = setup({
  types: {
    input: {} as { id: string },
    context: {} as { d: WorkerData },
    events: {} as HostEvent,
    emitted: {} as Effect,
  },
  guards: {
    hasOpenAttempts: ({ context }) => context.d.attempts.length > 0,
  },
  actions: {
    hear: enqueueActions(({ context, event, enqueue }) => {
      const { d, effects } = workerStep(context.d, event);
      if (d !== context.d) enqueue.assign({ d });
      for (const effect of effects) enqueue.emit(effect);
    }),
  },
}).createMachine({
  id: 'worker',
  context: ({ input }) => ({ d: newWorker(input.id) }),
  on: { '*': { actions: 'hear' } },
  initial: 'idle',
  states: {
    idle: { always: { guard: 'hasOpenAttempts', target: 'working' } },
    working: { always: { guard: ({ context }) => context.d.attempts.length === 0, target: 'idle' } },
  },
});
