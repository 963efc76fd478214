// Hearing everything that waits: due timers first, then inputs in the order of their coming, until the turn is full.
import type { HostEvent } from '#actors/host.ts';
import { MAX_OUTBOX_ROWS, MAX_TURN_EVENTS, MIN_TURN_EVENTS } from '#schemas/wire/limits.ts';
import { hearMail } from './hear-mail.ts';
import type { Input } from './inbox.ts';
import { type Parts, type Turn, tell, wake } from './turn.ts';

/** Fill the turn with events. */
export async function hear(parts: Parts, chain: string, turn: Turn): Promise<void> {
  const limit = turnSize(parts);
  while (turn.events_count < limit) {
    const timer = takeDueTimer(parts, turn);
    if (timer === undefined) break;
    const event: HostEvent = { type: 'timer.fired', id: timer.id, now_ms: turn.now_ms };
    // Of an actor that cannot be read, which stops it now, the timer stays.
    if (!(await tell(parts, timer.actor, { event, trace: '' }, turn)))
      parts.timers.set(timer.actor, timer.id, timer.at_ms, turn.changes);
  }
  while (turn.events_count < limit) {
    const input = parts.inbox.shift();
    if (input === undefined) break;
    // Also what is refused takes time.
    turn.events_count++;
    await hearInput(parts, chain, input, turn);
  }
}

/** Turns shrink as the outbox grows: a node that cannot get rid of its messages makes fewer. */
function turnSize({ outbox }: Parts): number {
  const free = 1 - outbox.rows_count / MAX_OUTBOX_ROWS;
  return Math.max(MIN_TURN_EVENTS, Math.floor(MAX_TURN_EVENTS * free));
}

function takeDueTimer({ timers, residents }: Parts, turn: Turn) {
  return timers.takeDue(turn.now_ms, (id) => residents.isRunning(id), turn.changes);
}

async function hearInput(parts: Parts, chain: string, input: Input, turn: Turn): Promise<void> {
  switch (input.type) {
    case 'mail':
      return hearMail(parts, chain, input, turn);
    case 'io':
      return hearOutcome(parts, input, turn);
    case 'connected':
      parts.outbox.repeatAll(input.actors, turn.now_ms);
      return parts.submits.repeatAll(input.actors);
    case 'block':
      await hearBlock(parts, input, turn);
      break;
    case 'inject':
      if ((await isAwake(parts, input.actor, turn)) && parts.quarantine.remove(input.actor, input.seq, turn.changes))
        await tell(parts, input.actor, input, turn);
      break;
    case 'drop':
      parts.quarantine.remove(input.actor, input.seq, turn.changes);
      break;
    case 'resume':
      resume(parts, input.actor, turn);
  }
  turn.after.push(input.waiter.resolve);
}

async function hearOutcome(parts: Parts, { call, outcome }: Input & { type: 'io' }, turn: Turn): Promise<void> {
  // Of a stopped actor the call stays unanswered; it is made again when the actor goes on.
  if (!(await isAwake(parts, call.actor, turn)) || !parts.io.settle(call, turn.changes)) return;
  const { port, key, trace } = call;
  const { now_ms } = turn;
  const event: HostEvent = outcome.isDone
    ? { type: 'io.done', port, key, answer: outcome.answer, now_ms }
    : { type: 'io.failed', port, key, code: outcome.code, now_ms };
  await tell(parts, call.actor, { event, trace }, turn);
}

/** Whether the actor can hear: only then is what waited for it taken away. */
async function isAwake(parts: Parts, id: string, turn: Turn): Promise<boolean> {
  const actor = parts.residents.byId.get(id);
  return actor !== undefined && (await wake(parts, actor, turn));
}

async function hearBlock(
  parts: Parts,
  { height, time_ms, events }: Input & { type: 'block' },
  turn: Turn,
): Promise<void> {
  const isStopped = (id: string): boolean => parts.residents.byId.get(id)?.stopped !== undefined;
  for (const [id, concerned] of parts.feed.hear(height, events, isStopped)) {
    const event: HostEvent = { type: 'ledger.block', height, time_ms, events: concerned, now_ms: turn.now_ms };
    if (!(await tell(parts, id, { event, trace: '' }, turn))) parts.feed.hold(id, height - 1);
  }
}

function resume({ residents, feed, timers, io }: Parts, id: string, turn: Turn): void {
  const actor = residents.byId.get(id);
  if (actor?.stopped === undefined) return;
  residents.resume(actor, turn.changes);
  feed.release(id);
  timers.wake(id);
  turn.after.push(() => io.startAll((one) => one === id));
}
