// A virtual disk under the production store port: a batch that was written but not synced may be lost in a crash.
import type { Store, StoreOp } from '../store/store.ts';

type Put = Extract<StoreOp, { type: 'put' }>;

export type Disk = {
  /** What a restarted process reads: only what survived. */
  readonly store: Store;
  /** Whether a crash now would lose nothing. */
  readonly isSynced: boolean;
  /** Keys that survived so far. */
  keys(): Iterable<string>;
  /** Hand over a batch; it is safe only after `sync`. */
  write(ops: readonly StoreOp[]): void;
  sync(): void;
  /** Power loss: all of the unsynced batches are there afterwards, or none; a batch is never cut. */
  crash(keepsUnsynced: boolean): void;
};

/** An empty disk. */
export function createDisk(): Disk {
  /** Rows as they were handed over: what nobody reads is never encoded. */
  const rows = new Map<string, Put>();
  let unsynced: (readonly StoreOp[])[] = [];
  const apply = (op: StoreOp): void => {
    if (op.type === 'put') rows.set(op.key, op);
    else rows.delete(op.key);
  };
  const sync = (): void => {
    for (const batch of unsynced) batch.forEach(apply);
    unsynced = [];
  };
  return {
    store: storeOver(rows, apply),
    get isSynced() {
      return unsynced.length === 0;
    },
    keys: () => rows.keys(),
    write: (ops) => void unsynced.push(ops),
    sync,
    crash(keepsUnsynced) {
      if (keepsUnsynced) sync();
      unsynced = [];
    },
  };
}

function storeOver(rows: ReadonlyMap<string, Put>, apply: (op: StoreOp) => void): Store {
  return {
    batch: async (ops) => ops.forEach(apply),
    get: async (key) => rows.get(key)?.value,
    async *scan(prefix, { after, limit } = {}) {
      const keys = [...rows.keys()].filter((key) => key.startsWith(prefix) && (after === undefined || key > after));
      for (const key of keys.sort().slice(0, limit)) yield [key, (rows.get(key) as Put).value] as const;
    },
    close: async () => undefined,
  };
}
