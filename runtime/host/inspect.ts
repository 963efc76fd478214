// What an operator sees of an actor; reading it changes nothing, a sleeping actor stays asleep.
import assert from 'node:assert/strict';
import { type Snapshot, thaw } from '#schemas/snapshots/shape.ts';
import type { Store } from '../store/store.ts';
import type { Inspection } from './ports.ts';
import type { Actor } from './residents.ts';
import { row } from './rows.ts';
import type { Parts } from './turn.ts';

export async function inspect(store: Store, parts: Parts, actor: Actor): Promise<Inspection> {
  const { id, definition } = actor;
  const { seq, value, context } = await snapshotOf(store, actor);
  return {
    id,
    kind: definition.kind,
    version: definition.snapshot.version,
    seq,
    value,
    context,
    is_stopped: actor.stopped !== undefined,
    is_resident: actor.state !== undefined,
    mailbox_count: parts.inbox.countFor(id),
    timers: parts.timers.of(id).map((timer) => ({ id: timer.id, at_ms: timer.at_ms })),
    outbox: parts.outbox.of(id),
    submits: parts.submits.of(id),
    io: parts.io.of(id).map(({ port, key }) => ({ port, key })),
    quarantine_count: parts.quarantine.count(id),
  };
}

async function snapshotOf(store: Store, { id, definition, state, stepper }: Actor): Promise<Snapshot> {
  if (state !== undefined) return { kind: definition.kind, seq: state.seq, ...stepper.persist(state.snapshot) };
  const bytes = await store.get(row.snapshot(id));
  const got = bytes && thaw(definition.snapshot, definition.kind, bytes);
  assert(got?.ok, `no readable snapshot of ${id}`);
  return got.value;
}
