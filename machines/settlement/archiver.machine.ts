// The archiver's state chart: one settlement at a time, in order: sealed, cosigned by a quorum, published, stated to the ledger.
import { enqueueActions, setup } from 'xstate';
import type { Effect, HostEvent } from '#schemas/node/host.ts';
import type { ArchiverData } from '#schemas/snapshots/archiver-v1.ts';
import * as archiver from './archiver.ts';

/** An action that is one pure step of the data; what it orders is emitted. */
const step = (take: (d: ArchiverData, event: HostEvent) => archiver.Step) =>
  enqueueActions<{ d: ArchiverData }, HostEvent, undefined, HostEvent, never, never, never, never, Effect>(
    ({ context, event, enqueue }) => {
      const { d, effects } = take(context.d, event);
      if (d !== context.d) enqueue.assign({ d });
      for (const effect of effects) enqueue.emit(effect);
    },
  );

export const archiverMachine = setup({
  types: {
    input: {} as { id: string },
    context: {} as { d: ArchiverData },
    events: {} as HostEvent,
    emitted: {} as Effect,
  },
  guards: {
    hasWaiting: ({ context: { d } }) => d.next_seq <= d.closed_seq,
    hasQuorum: ({ context: { d } }) => archiver.hasQuorum(d),
    isSealed: ({ context: { d }, event }) => event.type === 'io.done' && event.key === archiver.sealKey(d),
    isPublished: ({ context: { d }, event }) => event.type === 'io.done' && archiver.isPublished(d, event),
    isRejected: ({ context: { d }, event }) => event.type === 'io.done' && archiver.isRejected(d, event),
    isReply: ({ event }) => event.type === 'message' && event.kind === 'cosign.reply.v1',
    isRetry: ({ event }) => event.type === 'timer.fired' && event.id === archiver.RETRY_TIMER,
  },
  actions: {
    noteClosed: step(archiver.noteClosed),
    seal: step(archiver.seal),
    keepSealed: step(archiver.keepSealed),
    ask: step(archiver.ask),
    keepReply: step(archiver.keepReply),
    publish: step(archiver.publish),
    distrust: step(archiver.distrust),
    finish: step(archiver.finish),
    pause: step(archiver.pause),
    stopTimer: step(archiver.stopTimer),
  },
}).createMachine({
  id: 'archiver',
  context: ({ input }) => ({ d: archiver.newArchiver(input.id) }),
  on: { 'ledger.block': { actions: 'noteClosed' } },
  initial: 'idle',
  states: {
    idle: { always: { guard: 'hasWaiting', target: 'sealing' } },
    sealing: {
      entry: 'seal',
      on: {
        'io.done': { guard: 'isSealed', target: 'collecting', actions: 'keepSealed' },
        'io.failed': { actions: 'pause' },
        'timer.fired': { guard: 'isRetry', actions: 'seal' },
      },
    },
    collecting: {
      entry: 'ask',
      always: { guard: 'hasQuorum', target: 'publishing' },
      on: {
        message: { guard: 'isReply', actions: 'keepReply' },
        'timer.fired': { guard: 'isRetry', actions: 'ask' },
      },
      exit: 'stopTimer',
    },
    publishing: {
      entry: 'publish',
      on: {
        'io.done': [
          { guard: 'isPublished', target: 'idle', actions: 'finish' },
          { guard: 'isRejected', target: 'collecting', actions: 'distrust' },
        ],
        'io.failed': { actions: 'pause' },
        'timer.fired': { guard: 'isRetry', actions: 'publish' },
      },
    },
  },
});
