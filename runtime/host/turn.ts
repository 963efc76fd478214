// A turn and the parts of a host that take part in it: what is gathered, what is written, what happens after.
import type { Heard } from './advance.ts';
import type { Inbox } from './inbox.ts';
import type { Io } from './io.ts';
import type { LedgerFeed } from './ledger-feed.ts';
import type { Outbox } from './outbox.ts';
import type { Quarantine } from './quarantine.ts';
import type { Refusals } from './refusals.ts';
import type { Actor, Residents } from './residents.ts';
import { Changes } from './rows.ts';
import type { Submits } from './submits.ts';
import type { Timers } from './timers.ts';
import type { Watermarks } from './watermarks.ts';

/** The host's parts, each with its rows; they change within turns only, one turn at a time. */
export type Parts = {
  readonly residents: Residents;
  readonly inbox: Inbox;
  readonly watermarks: Watermarks;
  readonly outbox: Outbox;
  readonly submits: Submits;
  readonly timers: Timers;
  readonly io: Io;
  readonly feed: LedgerFeed;
  readonly quarantine: Quarantine;
  readonly refusals: Refusals;
};

/** What one turn gathers. */
export type Turn = {
  readonly now_ms: number;
  /** What it writes, in one batch. */
  readonly changes: Changes;
  /** Events by actor, in order. */
  readonly heard: Map<Actor, Heard[]>;
  events_count: number;
  /** What happens when it is on disk: calls start, logs are written, waiters are told. */
  readonly after: (() => void)[];
};

export const newTurn = (now_ms: number): Turn => ({
  now_ms,
  changes: new Changes(),
  heard: new Map(),
  events_count: 0,
  after: [],
});

/** Queue an event for an actor within the turn. False: it is stopped, or its snapshot cannot be read, which stops it. */
export async function tell(parts: Parts, id: string, { event, trace }: Heard, turn: Turn): Promise<boolean> {
  const actor = parts.residents.byId.get(id);
  if (actor === undefined || !(await wake(parts, actor, turn))) return false;
  heardBy(actor, turn).push({ event, trace });
  turn.events_count++;
  return true;
}

/** Bring an actor into memory; one that cannot be read hears no more of the ledger. */
export async function wake({ residents, feed }: Parts, actor: Actor, turn: Turn): Promise<boolean> {
  const isAwake = actor.stopped === undefined && (await residents.wake(actor, turn.changes));
  if (!isAwake && actor.stopped !== undefined) feed.hold(actor.id);
  return isAwake;
}

/** The actor's events of this turn, to add to. */
export function heardBy(actor: Actor, turn: Turn): Heard[] {
  let heard = turn.heard.get(actor);
  if (heard === undefined) turn.heard.set(actor, (heard = []));
  return heard;
}
