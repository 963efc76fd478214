// One actor's part of a turn, without I/O: its events in order, the state after them, what it ordered, what it could not bear.
import assert from 'node:assert/strict';
import type { AnyMachineSnapshot } from 'xstate';
import type { ActorDefinition, Effect, HostEvent } from '#actors/host.ts';
import { isBatchBody } from '#schemas/settlement/batch-shape.ts';
import { TxBody } from '#schemas/settlement/transaction.ts';
import { freeze } from '#schemas/snapshots/shape.ts';
import { MAX_ITEM_BODY_BYTES, MAX_KIND_CHARS } from '#schemas/wire/limits.ts';
import { encode } from '#schemas/wire/msgpack.ts';
import type { Stepper } from './stepper.ts';

/** An event on its way to an actor, with the trace of what caused it. */
export type Heard = { readonly event: HostEvent; readonly trace: string };
/** Where an actor stands; `seq` counts the events that changed it. */
export type ActorState = { readonly snapshot: AnyMachineSnapshot; readonly seq: number };
/** An effect that passed its checks; `body` is the encoded message of a `send`. */
export type Order = { readonly effect: Effect; readonly trace: string; readonly body?: Uint8Array };

export type Advance = {
  readonly state: ActorState;
  /** Row of the state; undefined when no event changed it. */
  readonly row: Uint8Array | undefined;
  readonly orders: readonly Order[];
  readonly poisoned: readonly { readonly heard: Heard; readonly error: unknown }[];
};

/** The answer to an order that is known at once, as the event to hear next; undefined for any other order. */
export type AnswerAtOnce = (order: Order, now_ms: number) => HostEvent | undefined;

type Actor = { readonly definition: ActorDefinition; readonly stepper: Stepper };

/**
 * Step through `heard`, and through what is answered at once. An event on which the machine throws, orders nonsense or leaves its schema changes nothing and comes
 * back as poisoned. The schema is checked once at the end; only where that fails is it checked after each event, to find the culprit.
 */
export function advance(actor: Actor, before: ActorState, heard: readonly Heard[], answerTo: AnswerAtOnce): Advance {
  return (
    attempt(actor, before, [...heard], answerTo, false) ??
    attempt(actor, before, [...heard], answerTo, true) ?? { state: before, row: undefined, orders: [], poisoned: [] }
  );
}

/** @param queue what to hear; answers join it at the end */
function attempt(
  actor: Actor,
  before: ActorState,
  queue: Heard[],
  answerTo: AnswerAtOnce,
  isCareful: boolean,
): Advance | undefined {
  let state = before;
  const orders: Order[] = [];
  const poisoned: { heard: Heard; error: unknown }[] = [];
  for (const one of queue) {
    try {
      const { snapshot, effects } = actor.stepper.step(state.snapshot, one.event);
      const checked = effects.map((effect) => check(actor.definition, effect, one.trace));
      const after = snapshot === state.snapshot ? state : { snapshot, seq: state.seq + 1 };
      if (isCareful) assert(frozen(actor, after).ok, 'the state left its schema');
      state = after;
      for (const order of checked) {
        // What an answer leads to waits for the next turn: a machine that asks for ever must not hold this one up.
        const answer = one.event.type === 'io.done' ? undefined : answerTo(order, one.event.now_ms);
        if (answer === undefined) orders.push(order);
        else queue.push({ event: answer, trace: order.trace });
      }
    } catch (error) {
      poisoned.push({ heard: one, error });
    }
  }
  if (state === before) return { state, row: undefined, orders, poisoned };
  const row = frozen(actor, state);
  return row.ok ? { state, row: row.value, orders, poisoned } : undefined;
}

/** Row of a state, checked against its schema. */
export const frozen = ({ definition, stepper }: Actor, { snapshot, seq }: ActorState) =>
  freeze(definition.snapshot, { kind: definition.kind, seq, ...stepper.persist(snapshot) });

/** What a receiver, a validator or the disk would refuse must not leave: it would block everything behind it. */
function check(definition: ActorDefinition, effect: Effect, trace: string): Order {
  switch (effect.type) {
    case 'send': {
      assert(isId(effect.to), `send to ${effect.to}`);
      assert(isKind(effect.kind), `send of kind ${effect.kind}`);
      const body = encode(effect.body);
      assert(body.length <= MAX_ITEM_BODY_BYTES, `send of ${body.length} bytes`);
      return { effect, trace, body };
    }
    case 'submit':
      assert(
        isBatchBody(effect.body) || TxBody.safeParse(effect.body).success,
        `submit of a malformed ${effect.body.type}`,
      );
      return { effect, trace };
    case 'timer.set':
      assert(Number.isSafeInteger(effect.at_ms), `timer ${effect.id} at ${effect.at_ms}`);
      return { effect, trace };
    case 'io':
      assert(definition.ports.includes(effect.port), `port ${effect.port} is not its own`);
      return { effect, trace };
    case 'timer.cancel':
    case 'log':
    case 'metric':
      return { effect, trace };
  }
}

/** The messages of a turn mostly share kind and receiver: the last good text is remembered. */
function rememberingLast(isGood: (text: string) => boolean): (text: string) => boolean {
  let last = '';
  return (text) => {
    if (text === last) return true;
    if (!isGood(text)) return false;
    last = text;
    return true;
  };
}

const isId = rememberingLast((text) => /^[0-9a-f]{64}$/.test(text));
const isKind = rememberingLast(
  (text) => text.length <= MAX_KIND_CHARS && /^[a-z][a-z0-9-]*(?:\.[a-z][a-z0-9-]*)*\.v[1-9][0-9]*$/.test(text),
);
