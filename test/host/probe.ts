// The actor that the host's tests run: it passes tokens on, keeps accounts of what it heard, and fails when told to.
import { enqueueActions, setup } from 'xstate';
import { z } from 'zod';
import type { ActorDefinition, Effect, HostEvent } from '#actors/host.ts';

export const ProbeContext = z.strictObject({
  d: z.strictObject({
    id: z.string(),
    balance: z.int(),
    /** Tokens received, over all time. */
    received_count: z.int(),
    /** Other things heard, in order, the last hundred. */
    heard: z.array(z.string()),
  }),
});
type Data = z.infer<typeof ProbeContext>['d'];

/** A token that visits `path` in turn, again and again, until its hops are used up. */
export const Token = z.strictObject({ amount: z.int(), hops: z.int(), path: z.array(z.string()).max(64) });
/** Orders of a test to the actor. */
export const Order = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('throw') }),
  z.strictObject({ do: z.literal('leave_schema') }),
  z.strictObject({ do: z.literal('send_nonsense') }),
  z.strictObject({ do: z.literal('nothing'), padding: z.instanceof(Uint8Array).optional() }),
  z.strictObject({ do: z.literal('note'), text: z.string() }),
  z.strictObject({ do: z.literal('timer'), id: z.string(), at_ms: z.int() }),
  z.strictObject({ do: z.literal('cancel'), id: z.string() }),
  z.strictObject({ do: z.literal('io'), key: z.string() }),
  z.strictObject({ do: z.literal('submit'), to: z.string(), amount: z.bigint() }),
  z.strictObject({ do: z.literal('mint'), amount: z.int(), hops: z.int(), count: z.int(), path: z.array(z.string()) }),
]);
type Order = z.infer<typeof Order>;

type Step = { readonly d: Data; readonly effects: readonly Effect[] };
const note = (d: Data, text: string): Data => ({ ...d, heard: [...d.heard, text].slice(-100) });

function step(d: Data, event: HostEvent): Step {
  switch (event.type) {
    case 'message':
      return event.kind === 'test.token.v1'
        ? pass(d, event.body as z.infer<typeof Token>)
        : obey(d, event.body as Order);
    case 'actor.started':
      return { d: note(d, 'started'), effects: [] };
    case 'timer.fired':
      return { d: note(d, `timer ${event.id}`), effects: [] };
    case 'io.done':
      return { d: note(d, `done ${event.key} ${String(event.answer)}`), effects: [] };
    case 'io.failed':
      return { d: note(d, `failed ${event.key} ${event.code}`), effects: [] };
    case 'ledger.block':
      return { d: note(d, `block ${event.height} ${event.events.map((e) => e.type).join()}`), effects: [] };
  }
}

function pass(d: Data, { amount, hops, path }: z.infer<typeof Token>): Step {
  const received = { ...d, received_count: d.received_count + 1 };
  const to = path[hops % path.length];
  if (hops === 0 || to === undefined) return { d: { ...received, balance: d.balance + amount }, effects: [] };
  return {
    d: received,
    effects: [{ type: 'send', to, kind: 'test.token.v1', body: { amount, hops: hops - 1, path } }],
  };
}

function obey(d: Data, order: Order): Step {
  switch (order.do) {
    case 'throw':
      throw new Error('told to');
    case 'leave_schema':
      return { d: { ...d, balance: 0.5 }, effects: [] };
    case 'send_nonsense':
      return { d: note(d, 'nonsense'), effects: [{ type: 'send', to: 'nobody', kind: 'test.token.v1', body: {} }] };
    case 'nothing':
      return { d, effects: [] };
    case 'note':
      return { d: note(d, order.text), effects: [] };
    case 'timer':
      return { d, effects: [{ type: 'timer.set', id: order.id, at_ms: order.at_ms }] };
    case 'cancel':
      return { d, effects: [{ type: 'timer.cancel', id: order.id }] };
    case 'io':
      return {
        d: note(d, `asked ${order.key}`),
        effects: [{ type: 'io', port: 'echo', key: order.key, request: { key: order.key } }],
      };
    case 'submit':
      return {
        d,
        effects: [
          { type: 'submit', body: { type: 'transfer', to: order.to, asset: 'credit', amount_units: order.amount } },
        ],
      };
    case 'mint': {
      const { count, amount, hops, path } = order;
      const effects = Array.from(
        { length: count },
        (_, index): Effect => ({
          type: 'send',
          to: path[(hops + 1 + index) % path.length] ?? '',
          kind: 'test.token.v1',
          body: { amount, hops, path },
        }),
      );
      return { d: { ...d, balance: d.balance - count * amount }, effects };
    }
  }
}

const probeMachine = setup({
  types: { input: {} as { id: string }, context: {} as { d: Data }, events: {} as HostEvent, emitted: {} as Effect },
  actions: {
    hear: enqueueActions(({ context, event, enqueue }) => {
      const { d, effects } = step(context.d, event);
      if (d !== context.d) enqueue.assign({ d });
      for (const effect of effects) enqueue.emit(effect);
    }),
  },
}).createMachine({
  id: 'probe',
  context: ({ input }) => ({ d: { id: input.id, balance: 0, received_count: 0, heard: [] } }),
  on: { '*': { actions: 'hear' } },
  initial: 'listening',
  states: { listening: {} },
});

/** Hears blocks that finish any job, and units that are assigned to it. */
export const probe: ActorDefinition = {
  kind: 'client',
  machine: probeMachine,
  snapshot: { version: 1, context: ProbeContext },
  hears: { 'test.token.v1': Token, 'test.order.v1': Order },
  concerns: (event) => (event.type === 'job.finished' ? 'all' : event.type === 'unit.assigned' ? [event.worker] : []),
  ports: ['echo'],
};
export type ProbeData = Data;
