// A virtual disk under the production store port: what was written but not synced is read back, and may be lost in a crash.
import type { KeyNote } from '../keys/claim-store.ts';
import type { Store, StoreOp } from '../store/store.ts';

type Put = Extract<StoreOp, { type: 'put' }>;

export type Disk = {
  /** What the process reads: all that was written and not lost. */
  readonly store: Store;
  /** The note beside the key, on another disk: it outlives the rows. */
  readonly note: KeyNote;
  /** Rows by key, as they were handed over: what nobody reads is never encoded. Faults that no write makes change them here. */
  readonly rows: Map<string, Put>;
  /** Whether a crash now would lose nothing. */
  readonly isSynced: boolean;
  /** Safe only after `sync`. */
  write(ops: readonly StoreOp[]): void;
  sync(): void;
  /** Power loss: all of the unsynced writes are there afterwards, or none; a write is never cut. */
  crash(keepsUnsynced: boolean): void;
  /** Copies rows and note to a safe place. Only while no process runs. */
  backUp(): void;
  /** Puts the copy back, if there is one that is older than the rows; with the note, or beside the one that is there. */
  restore(withNote: boolean): boolean;
};

type Claim = Parameters<KeyNote['write']>[0];

/** An empty disk. */
export function createDisk(): Disk {
  const rows = new Map<string, Put>();
  /** What the rows written since the last sync were then; undefined: not there. */
  const synced = new Map<string, Put | undefined>();
  let noted: Claim | undefined;
  let isNoteCopied = false;
  let backup: { readonly rows: ReadonlyMap<string, Put>; readonly noted: Claim | undefined } | undefined;
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
    note: {
      read: async () => (isNoteCopied ? 'foreign' : noted),
      async write(claim) {
        noted = claim;
        isNoteCopied = false;
      },
    },
    rows,
    get isSynced() {
      return synced.size === 0;
    },
    write,
    sync: () => synced.clear(),
    crash(keepsUnsynced) {
      if (!keepsUnsynced) for (const [key, put] of synced) set(key, put);
      synced.clear();
    },
    backUp() {
      backup = { rows: new Map(rows), noted };
    },
    restore(withNote) {
      if (backup === undefined || isSame(backup.rows, rows)) return false;
      rows.clear();
      for (const [key, put] of backup.rows) rows.set(key, put);
      if (withNote) noted = backup.noted;
      isNoteCopied = withNote;
      return true;
    },
  };
}

const isSame = (a: ReadonlyMap<string, Put>, b: ReadonlyMap<string, Put>): boolean =>
  a.size === b.size && [...a].every(([key, put]) => b.get(key) === put);

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
