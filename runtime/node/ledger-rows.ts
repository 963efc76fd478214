// The ledger on disk: its rows under `state/`, always those of one checkpoint, and the events of recent blocks under `events/` until every actor here has heard them.
import type { RowChange } from '#machines/settlement/types.ts';
import type { LedgerEvent } from '#schemas/settlement/state.ts';
import { decode, encode } from '#schemas/wire/msgpack.ts';
import type { Store, StoreOp } from '../store/store.ts';

const STATE = 'state/';
const EVENTS = 'events/';

/** A block as actors hear it. */
export type BlockEvents = {
  readonly height: number;
  readonly time_ms: number;
  readonly events: readonly LedgerEvent[];
};

/** What writes the rows of a checkpoint. */
export const rowOps = (changes: readonly RowChange[]): StoreOp[] =>
  changes.map(({ key, value }) =>
    value === null ? { type: 'del', key: STATE + key } : { type: 'put', key: STATE + key, value },
  );

/** Nothing for a block that no actor here hears of. */
export const eventOps = ({ height, time_ms, events }: BlockEvents): StoreOp[] =>
  events.length === 0 ? [] : [{ type: 'put', key: eventsKey(height), value: encode([time_ms, events]) }];

/** All rows of the ledger as of its last stored checkpoint; none before the first. */
export async function readLedgerRows(store: Store): Promise<[string, Uint8Array][]> {
  const rows: [string, Uint8Array][] = [];
  for await (const [key, value] of store.scan(STATE)) rows.push([key.slice(STATE.length), value]);
  return rows;
}

/** Blocks with events above `height`, in order. */
export async function* readEvents(store: Store, height: number): AsyncIterable<BlockEvents> {
  for await (const [key, value] of store.scan(EVENTS, { after: eventsKey(height) })) {
    const row = decode(value);
    if (!row.ok) throw new Error(`the row ${key} cannot be read`);
    const [time_ms, events] = row.value as unknown as [number, LedgerEvent[]];
    yield { height: Number(key.slice(EVENTS.length)), time_ms, events };
  }
}

/** Forget events up to `height`, which every actor has heard. */
export async function forgetEvents(store: Store, height: number): Promise<void> {
  const ops: StoreOp[] = [];
  for await (const [key] of store.scan(EVENTS, { limit: MAX_FORGOTTEN })) {
    if (key > eventsKey(height)) break;
    ops.push({ type: 'del', key });
  }
  if (ops.length > 0) await store.batch(ops);
}

/** Rows deleted in one go: the rest waits for the next call. */
const MAX_FORGOTTEN = 4_096;

const eventsKey = (height: number): string => EVENTS + String(height).padStart(12, '0');
