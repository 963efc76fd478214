// The mechanism of snapshots: what is written of an actor, and how a later release reads what an earlier one wrote.
import { z } from 'zod';
import { accept, type Result, refuse } from '../wire/codes.ts';
import { decode, encode } from '../wire/msgpack.ts';

/** XState's state value: a name, or names by parallel region. */
export type StateValue = string | { readonly [region: string]: StateValue };
const StateValue: z.ZodType<StateValue> = z.lazy(() => z.union([z.string(), z.record(z.string(), StateValue)]));

/** What a machine needs to go on: where it stands and what it knows. */
export type Frozen = { readonly value: StateValue; readonly context: unknown };

/**
 * One version of a machine's snapshot, linked to the one before it. A released version never changes: a new one is
 * a new schema, a pure `migrate` from its neighbour, and golden files that keep both true.
 */
export type SnapshotShape = {
  readonly version: number;
  readonly context: z.ZodType;
  /** The neighbour that this release can still read, and the way from it. */
  readonly previous?: { readonly shape: SnapshotShape; readonly migrate: (older: Frozen) => Frozen };
};

/** The row of an actor: `seq` counts the events that made it. */
const SnapshotRow = z.strictObject({
  kind: z.string(),
  version: z.int().min(1),
  seq: z.int().min(0),
  value: StateValue,
  context: z.unknown(),
});
export type Snapshot = Frozen & { readonly kind: string; readonly seq: number };

/** Bytes of a snapshot in its newest version. Refusal: SNAPSHOT_MALFORMED, a bug of the machine. */
export function freeze(shape: SnapshotShape, snapshot: Snapshot): Result<Uint8Array> {
  const checked = shape.context.safeParse(snapshot.context);
  if (!checked.success) return refuse('SNAPSHOT_MALFORMED', `${snapshot.kind}: ${z.prettifyError(checked.error)}`);
  const { kind, seq, value } = snapshot;
  return accept(encode({ kind, version: shape.version, seq, value, context: checked.data }));
}

/** A snapshot of any version from here back, migrated to the newest. Refusals: SNAPSHOT_MALFORMED, SNAPSHOT_VERSION_UNKNOWN. */
export function thaw(shape: SnapshotShape, kind: string, bytes: Uint8Array): Result<Snapshot> {
  const got = decode(bytes);
  const row = SnapshotRow.safeParse(got.ok ? got.value : undefined);
  if (!row.success || row.data.kind !== kind) return refuse('SNAPSHOT_MALFORMED', `not a snapshot of ${kind}`);
  const frozen = migrated(shape, row.data.version, { value: row.data.value, context: row.data.context });
  return frozen.ok ? accept({ kind, seq: row.data.seq, ...frozen.value }) : frozen;
}

function migrated(shape: SnapshotShape, version: number, stored: Frozen): Result<Frozen> {
  if (version === shape.version) return checked(shape, stored);
  if (version > shape.version || shape.previous === undefined)
    return refuse('SNAPSHOT_VERSION_UNKNOWN', `version ${version}, newest known ${shape.version}`);
  const older = migrated(shape.previous.shape, version, stored);
  return older.ok ? checked(shape, shape.previous.migrate(older.value)) : older;
}

function checked(shape: SnapshotShape, { value, context }: Frozen): Result<Frozen> {
  const parsed = shape.context.safeParse(context);
  if (parsed.success) return accept({ value, context: parsed.data });
  return refuse('SNAPSHOT_MALFORMED', `version ${shape.version}: ${z.prettifyError(parsed.error)}`);
}
