// The actor of the adversary's schedules: it passes tokens on, at once or by way of a timer, a call or a transaction, and keeps
// books in which every parcel that is lost, doubled or out of order shows by its number.
import { enqueueActions, setup } from 'xstate';
import { z } from 'zod';
import type { ActorDefinition, Effect, HostEvent } from '#actors/host.ts';

/** A token on its way from one actor to the next. */
const Parcel = z.strictObject({
  /** Its place among all parcels of this sender to this receiver, from 1. */
  n: z.int().min(1),
  /** Which memory of the sender wrote it, from 0: a node that lost its state goes on with the next one. */
  memory: z.int(),
  token: z.int(),
  amount: z.int(),
  /** Receivers that are still to come. */
  hops: z.int().min(0),
});
type Parcel = z.infer<typeof Parcel>;
/** An order to send a token straight to one receiver. */
const Ping = z.strictObject({ token: z.int(), to: z.string() });
/** An order that no courier bears. */
const Poison = z.strictObject({});

/** What breaks a promise of the host. */
const Fault = z.strictObject({ kind: z.enum(['doubled', 'missing', 'unasked']), from: z.string(), text: z.string() });

export const CourierContext = z.strictObject({
  d: z.strictObject({
    id: z.string(),
    balance: z.int(),
    /** Tokens that ended here. */
    ended: z.int(),
    /** Tokens that came by a ping. */
    pings: z.array(z.int()),
    /** Parcels sent, by receiver. */
    sent: z.record(z.string(), z.int()),
    /** Number of the last parcel, by sender and its memory. */
    heard: z.record(z.string(), z.int()),
    /** Tokens that wait for a timer, a call or the ledger, by errand. */
    held: z.record(z.string(), z.strictObject({ token: z.int(), amount: z.int(), hops: z.int() })),
    next_errand: z.int(),
    /** Transactions ordered, and those that the ledger has told of. */
    submitted: z.int(),
    told: z.int(),
    height: z.int(),
    faults: z.array(Fault),
  }),
});
export type CourierData = z.infer<typeof CourierContext>['d'];

/** Tokens that an actor brings into the world at a time; `dust` goes straight to one receiver and ends there. */
export type Mint = {
  readonly at_ms: number;
  readonly tokens: readonly number[];
  readonly hops: number;
  readonly dust?: { readonly count: number; readonly to: string };
};
export type CourierPlan = {
  readonly ids: readonly string[];
  readonly names: ReadonlyMap<string, string>;
  readonly memory: number;
  /** What each actor mints; a memory that is not the first mints nothing again. */
  readonly mints: ReadonlyMap<string, readonly Mint[]>;
  readonly hasLedger: boolean;
};

type Token = Pick<Parcel, 'token' | 'amount' | 'hops'>;
type Step = { readonly d: CourierData; readonly effects: readonly Effect[] };

const AMOUNT = 10;

/** The courier with this plan. */
export function courier(plan: CourierPlan): ActorDefinition {
  const machine = setup({
    types: {
      input: {} as { id: string },
      context: {} as { d: CourierData },
      events: {} as HostEvent,
      emitted: {} as Effect,
    },
    actions: {
      hear: enqueueActions(({ context, event, enqueue }) => {
        const { d, effects } = step(plan, context.d, event);
        if (d !== context.d) enqueue.assign({ d });
        for (const effect of effects) enqueue.emit(effect);
      }),
    },
  }).createMachine({
    id: 'courier',
    context: ({ input }) => ({ d: { ...EMPTY, id: input.id } }),
    on: { '*': { actions: 'hear' } },
    initial: 'listening',
    states: { listening: {} },
  });
  return {
    kind: 'client',
    machine,
    snapshot: { version: 1, context: CourierContext },
    hears: { 'test.parcel.v1': Parcel, 'test.ping.v1': Ping, 'test.poison.v1': Poison },
    concerns: (event) => (event.type === 'unit.revealed' ? [event.worker] : []),
    ports: ['echo'],
  };
}

const EMPTY: CourierData = {
  id: '',
  balance: 0,
  ended: 0,
  pings: [],
  sent: {},
  heard: {},
  held: {},
  next_errand: 1,
  submitted: 0,
  told: 0,
  height: 0,
  faults: [],
};

function step(plan: CourierPlan, d: CourierData, event: HostEvent): Step {
  switch (event.type) {
    case 'actor.started':
      return started(plan, d);
    case 'message':
      return hear(plan, d, event);
    case 'timer.fired':
      return event.id.startsWith('mint') ? mint(plan, d, event) : errand(plan, d, event.id);
    case 'io.done':
    case 'io.failed':
      return errand(plan, d, event.key);
    case 'ledger.block':
      return block(plan, d, event);
  }
}

function started(plan: CourierPlan, d: CourierData): Step {
  const mints = plan.memory === 0 ? (plan.mints.get(d.id) ?? []) : [];
  const again = d.next_errand > 1 ? [unasked('it was started twice')] : [];
  return {
    d: { ...d, next_errand: d.next_errand + 1, faults: [...d.faults, ...again] },
    effects: mints.map(({ at_ms }, index) => ({ type: 'timer.set', id: `mint ${index}`, at_ms })),
  };
}

function hear(plan: CourierPlan, d: CourierData, event: HostEvent & { type: 'message' }): Step {
  switch (event.kind) {
    case 'test.poison.v1':
      throw new Error('poison');
    case 'test.ping.v1': {
      const { token, to } = event.body as z.infer<typeof Ping>;
      return send(plan, { ...d, balance: d.balance - AMOUNT }, to, { token, amount: AMOUNT, hops: 0 });
    }
    default: {
      const parcel = event.body as Parcel;
      return pass(plan, entered(plan, d, event.from, parcel), parcel, event.now_ms);
    }
  }
}

/** The books after a parcel came. */
function entered(plan: CourierPlan, d: CourierData, from: string, { n, memory, token, hops }: Parcel): CourierData {
  const key = `${from}/${memory}`;
  // A memory that is not the first goes on from a number that its backup knew.
  const last = d.heard[key] ?? (memory === 0 ? 0 : n - 1);
  const heard = { ...d.heard, [key]: Math.max(n, last) };
  if (n === last + 1) return { ...d, heard };
  const name = (id: string) => plan.names.get(id) ?? id;
  const parcel = `parcel #${n} of ${name(from)} to ${name(d.id)} (token ${token}, ${hops} hops left, memory ${memory})`;
  const fault =
    n <= last
      ? { kind: 'doubled' as const, from, text: `${parcel} came after #${last}: twice, or out of order` }
      : { kind: 'missing' as const, from, text: `${parcel} came after #${last}: those between are lost or late` };
  return { ...d, heard, faults: [...d.faults, fault].slice(0, 20) };
}

/** Send a token on, in one of the ways there are; at its last stop it ends. */
function pass(plan: CourierPlan, d: CourierData, { token, amount, hops }: Token, now_ms: number): Step {
  if (hops === 0)
    return {
      d: {
        ...d,
        balance: d.balance + amount,
        ended: d.ended + 1,
        pings: token >= FIRST_PING ? [...d.pings, token] : d.pings,
      },
      effects: [],
    };
  const ways = plan.hasLedger ? 10 : 9;
  const way = (token * 3 + hops) % ways;
  const id = way === 9 ? `tx ${d.submitted + 1}` : `${d.next_errand}`;
  const held = { ...d, next_errand: d.next_errand + 1, held: { ...d.held, [id]: { token, amount, hops } } };
  switch (way) {
    case 6:
      return { d: held, effects: [{ type: 'timer.set', id, at_ms: now_ms + (token % 3) * 40 }] };
    case 7:
      return {
        d: held,
        effects: [
          { type: 'timer.set', id, at_ms: now_ms },
          { type: 'timer.set', id, at_ms: now_ms + 100 },
          { type: 'timer.set', id: 'never', at_ms: now_ms },
          { type: 'timer.cancel', id: 'never' },
        ],
      };
    case 8:
      return { d: held, effects: [{ type: 'io', port: 'echo', key: id, request: null }] };
    case 9: {
      const amount_units = BigInt(d.submitted + 1);
      const body = { type: 'transfer' as const, to: d.id, asset: 'credit' as const, amount_units };
      return { d: { ...held, submitted: d.submitted + 1 }, effects: [{ type: 'submit', body }] };
    }
    default:
      return send(plan, d, routed(plan, token, hops), { token, amount, hops: hops - 1 });
  }
}

/** Tokens from here on are pings. */
export const FIRST_PING = 1_000_000;

/** Mail goes both ways between any two, and to oneself. */
const routed = ({ ids }: CourierPlan, token: number, hops: number): string =>
  ids[(token * 7 + hops * 5 + ((hops * hops) % 3)) % ids.length] ?? '';

function send({ memory }: CourierPlan, d: CourierData, to: string, token: Token): Step {
  const n = (d.sent[to] ?? 0) + 1;
  return {
    d: { ...d, sent: { ...d.sent, [to]: n } },
    effects: [{ type: 'send', to, kind: 'test.parcel.v1', body: { n, memory, ...token } }],
  };
}

/** A timer, a call or a transaction has brought back what it was given. */
function errand(plan: CourierPlan, d: CourierData, id: string): Step {
  const { [id]: token, ...held } = d.held;
  if (token === undefined)
    return { d: { ...d, faults: [...d.faults, unasked(`errand ${id} ended twice`)] }, effects: [] };
  const { hops } = token;
  return send(plan, { ...d, held }, routed(plan, token.token, hops), { ...token, hops: hops - 1 });
}

function mint(plan: CourierPlan, d: CourierData, { id, now_ms }: HostEvent & { type: 'timer.fired' }): Step {
  const order = plan.mints.get(d.id)?.[Number(id.split(' ')[1])];
  const effects: Effect[] = [];
  let after = d;
  const spend = (next: (d: CourierData) => Step): void => {
    const made = next({ ...after, balance: after.balance - AMOUNT });
    after = made.d;
    effects.push(...made.effects);
  };
  const { tokens = [], hops = 0, dust } = order ?? {};
  for (const token of tokens) spend((one) => pass(plan, one, { token, amount: AMOUNT, hops }, now_ms));
  for (let n = 0; n < (dust?.count ?? 0); n++)
    spend((one) => send(plan, one, dust?.to ?? '', { token: 0, amount: AMOUNT, hops: 0 }));
  return { d: after, effects };
}

function block(plan: CourierPlan, d: CourierData, { height, events }: HostEvent & { type: 'ledger.block' }): Step {
  const effects: Effect[] = [];
  let after: CourierData = { ...d, height };
  if (height <= d.height)
    after = { ...after, faults: [...d.faults, unasked(`block ${height} came after ${d.height}`)] };
  for (const event of events) {
    if (event.type !== 'unit.revealed') continue;
    if (event.attempt !== after.told + 1)
      after = {
        ...after,
        faults: [...after.faults, unasked(`the ledger's #${event.attempt} came after #${after.told}`)],
      };
    const back = errand(plan, { ...after, told: event.attempt }, `tx ${event.attempt}`);
    after = back.d;
    effects.push(...back.effects);
  }
  return { d: after, effects };
}

const unasked = (text: string): z.infer<typeof Fault> => ({ kind: 'unasked', from: '', text });
