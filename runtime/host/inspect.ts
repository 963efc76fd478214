// What an operator sees of an actor; reading it changes nothing, a sleeping actor stays asleep.
import type { Store } from '../store/store.ts';
import type { ActorState } from './advance.ts';
import type { Inspection } from './ports.ts';
import { type Actor, readState } from './residents.ts';
import { row } from './rows.ts';
import type { Parts } from './turn.ts';

export async function inspect(store: Store, parts: Parts, actor: Actor): Promise<Inspection> {
  const { id, definition } = actor;
  const state = actor.state ?? (await stored(store, actor));
  // Of a snapshot that this release cannot read there is only the reason to show.
  const { value, context } =
    state === undefined ? { value: null, context: null } : actor.stepper.persist(state.snapshot);
  return {
    id,
    kind: definition.kind,
    version: definition.snapshot.version,
    seq: state?.seq ?? 0,
    value,
    context,
    is_stopped: actor.stopped !== undefined,
    stopped_because: actor.stopped ?? '',
    is_resident: actor.state !== undefined,
    mailbox_count: parts.inbox.countFor(id),
    timers: parts.timers.of(id).map((timer) => ({ id: timer.id, at_ms: timer.at_ms })),
    outbox: parts.outbox.of(id),
    submits: parts.submits.of(id),
    io: parts.io.of(id).map(({ port, key }) => ({ port, key })),
    quarantine_count: parts.quarantine.count(id),
  };
}

async function stored(store: Store, actor: Actor): Promise<ActorState | undefined> {
  const bytes = await store.get(row.snapshot(actor.id));
  const state = bytes && readState(actor, bytes);
  return state?.ok ? state.value : undefined;
}
