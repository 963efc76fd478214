// A virtual disk under the production store port: what was written but not synced is read back, and may be lost in a crash.
import type { Store, StoreOp } from '../store/store.ts';

type Put = Extract<StoreOp, { type: 'put' }>;

export type Disk = {
  /** What the process reads: all that was written and not lost. */
  readonly store: Store;
  /** Whether a crash now would lose nothing. */
  readonly isSynced: boolean;
  /** Keys of the rows. */
  keys(): Iterable<string>;
  /** Safe only after `sync`. */
  write(ops: readonly StoreOp[]): void;
  sync(): void;
  /** Power loss: all of the unsynced writes are there afterwards, or none; a write is never cut. */
  crash(keepsUnsynced: boolean): void;
};

/** An empty disk. */
export function createDisk(): Disk {
  /** Rows as they were handed over: what nobody reads is never encoded. */
  const rows = new Map<string, Put>();
  /** What the rows written since the last sync were then; undefined: not there. */
  const synced = new Map<string, Put | undefined>();
  const set = (key: string, put: Put | undefined): void => {
    if (put === undefined) rows.delete(key);
    else rows.set(key, put);
  };
  const write = (ops: readonly StoreOp[]): void => {
    for (const op of ops) {
      if (!synced.has(op.key)) synced.set(op.key, rows.get(op.key));
      set(op.key, op.type === 'put' ? op : undefined);
    }
  };
  return {
    store: storeOver(rows, write, () => synced.clear()),
    get isSynced() {
      return synced.size === 0;
    },
    keys: () => rows.keys(),
    write,
    sync: () => synced.clear(),
    crash(keepsUnsynced) {
      if (!keepsUnsynced) for (const [key, put] of synced) set(key, put);
      synced.clear();
    },
  };
}

function storeOver(rows: ReadonlyMap<string, Put>, write: Disk['write'], sync: () => void): Store {
  return {
    async batch(ops) {
      write(ops);
      sync();
    },
    append: async (ops) => write(ops),
    get: async (key) => rows.get(key)?.value,
    async *scan(prefix, { after, limit } = {}) {
      const keys = [...rows.keys()].filter((key) => key.startsWith(prefix) && (after === undefined || key > after));
      for (const key of keys.sort().slice(0, limit)) yield [key, (rows.get(key) as Put).value] as const;
    },
    close: async () => undefined,
  };
}
