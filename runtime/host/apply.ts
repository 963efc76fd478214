// One actor's part of a turn: step it, note what it ordered, set aside what it could not bear.
import assert from 'node:assert/strict';
import type { HostEvent } from '#actors/host.ts';
import { advance, type Heard, type Order } from './advance.ts';
import type { HostOptions } from './ports.ts';
import type { Actor } from './residents.ts';
import { row } from './rows.ts';
import type { Parts, Turn } from './turn.ts';

type Surroundings = Pick<HostOptions, 'log' | 'metrics'>;

/** Apply events to an actor that is awake. Nothing of it leaves before the turn is on disk. */
export function applyEvents(
  parts: Parts,
  around: Surroundings,
  actor: Actor,
  heard: readonly Heard[],
  turn: Turn,
): void {
  assert(actor.state, 'an actor hears events while it sleeps');
  const {
    state,
    row: bytes,
    orders,
    poisoned,
  } = advance(actor, actor.state, heard, (order, now_ms) => answerAtOnce(parts, actor.id, order, now_ms));
  actor.state = state;
  if (bytes !== undefined) turn.changes.putBytes(row.snapshot(actor.id), bytes);
  for (const order of orders) obey(parts, around, actor, order, turn);
  for (const { heard: one, error } of poisoned) setAside(parts, around, actor, one, error, turn);
  around.metrics.add('sortition_host_events_total', heard.length, actor.definition.kind);
}

function answerAtOnce({ io }: Parts, id: string, { effect }: Order, now_ms: number): HostEvent | undefined {
  if (effect.type !== 'io') return undefined;
  const { port, key, request } = effect;
  const answer = io.atOnce(id, port, key, request);
  return answer === undefined ? undefined : { type: 'io.done', port, key, answer, now_ms };
}

function obey(
  parts: Parts,
  { log, metrics }: Surroundings,
  { id }: Actor,
  { effect, trace, body }: Order,
  turn: Turn,
): void {
  switch (effect.type) {
    case 'send':
      assert(body, 'a message was not encoded');
      return parts.outbox.append(id, effect.to, trace, [effect.kind, body], turn.now_ms);
    case 'submit':
      return parts.submits.add(id, effect.body);
    case 'timer.set':
      return parts.timers.set(id, effect.id, effect.at_ms, turn.changes);
    case 'timer.cancel':
      return parts.timers.cancel(id, effect.id, turn.changes);
    case 'io': {
      const call = { actor: id, port: effect.port, key: effect.key, trace, request: effect.request };
      if (parts.io.add(call, turn.changes)) turn.after.push(() => parts.io.start(call));
      return;
    }
    case 'log':
      turn.after.push(() => log[effect.level]({ ...effect.data, actor: id, trace }, effect.message));
      return;
    case 'metric':
      turn.after.push(() => metrics.add(effect.name, effect.add));
  }
}

/** The actor goes on from the state before the event; too many faults stop it. */
function setAside(parts: Parts, { log }: Surroundings, actor: Actor, heard: Heard, error: unknown, turn: Turn): void {
  const is_kept = parts.quarantine.add(actor.id, heard, error, turn.now_ms, turn.changes);
  const is_stopped = parts.residents.blame(actor, error, turn.now_ms, turn.changes);
  if (is_stopped) parts.feed.hold(actor.id);
  const { event, trace } = heard;
  log.warn({ actor: actor.id, trace, event: event.type, err: error, is_kept, is_stopped }, 'event set aside');
}
