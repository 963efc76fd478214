// The in-memory twin of the store. Its disk outlives it, so tests crash a node at any write and open the rest again.
import { endOfPrefix } from './prefix.ts';
import type { Store, StoreOp } from './store.ts';
import { StoreError } from './store-error.ts';

/** What a power cut does to the write under way: it never reached the disk, or it did and nobody was told. */
export type WriteFault = 'lost' | 'unacknowledged';

/** The rows that survive a crash, and those appended since, which a power cut takes back. */
export class MemoryDisk {
  readonly rows: Map<string, Uint8Array>;
  /** What the rows that were appended to are on the disk; undefined: not there. */
  readonly #synced = new Map<string, Uint8Array | undefined>();
  constructor(rows: Iterable<readonly [string, Uint8Array]> = []) {
    this.rows = new Map(rows);
  }
  /** A backup taken now: of what a reader of the files sees, appended rows included. */
  copy(): MemoryDisk {
    return new MemoryDisk(this.rows);
  }
  append(ops: readonly StoreOp[]): void {
    for (const { key } of ops) if (!this.#synced.has(key)) this.#synced.set(key, this.rows.get(key));
    apply(this.rows, ops);
  }
  /** What was appended is safe. */
  sync(): void {
    this.#synced.clear();
  }
  losePower(): void {
    for (const [key, value] of this.#synced) {
      if (value === undefined) this.rows.delete(key);
      else this.rows.set(key, value);
    }
    this.#synced.clear();
  }
}

/**
 * A store over `disk`. After a fault every call fails, as if the process were gone: open the disk again. Whoever opens it where
 * the store before was not closed finds it as after a power cut.
 *
 * @param fault asked before each write what happens to it; undefined: nothing does
 */
export function openMemoryStore(
  disk: MemoryDisk,
  fault: (ops: readonly StoreOp[]) => WriteFault | undefined = () => undefined,
): Store {
  disk.losePower();
  let isOpen = true;
  const requireOpen = (code: 'STORE_READ_FAILED' | 'STORE_WRITE_FAILED') => {
    if (!isOpen) throw new StoreError(code, 'the store is closed');
  };
  const write = (ops: readonly StoreOp[], isSynced: boolean): void => {
    requireOpen('STORE_WRITE_FAILED');
    const happened = fault(ops);
    if (happened !== 'lost') disk.append(ops);
    // Without rows a batch does nothing: RocksDB is not even asked.
    if (happened === 'unacknowledged' || (happened === undefined && isSynced && ops.length > 0)) disk.sync();
    if (happened === undefined) return;
    isOpen = false;
    disk.losePower();
    throw new StoreError('STORE_WRITE_FAILED', `power cut: the write is ${happened}`);
  };
  return {
    batch: async (ops) => write(ops, true),
    append: async (ops) => write(ops, false),
    async get(key) {
      requireOpen('STORE_READ_FAILED');
      return disk.rows.get(key);
    },
    async *scan(prefix, { after, limit } = {}) {
      requireOpen('STORE_READ_FAILED');
      const end = endOfPrefix(prefix);
      const keys = [...disk.rows.keys()].filter(
        (key) => key >= prefix && key < end && (after === undefined || key > after),
      );
      const rows = keys
        .toSorted(bytewise)
        .slice(0, limit)
        .map((key) => [key, disk.rows.get(key)] as const);
      for (const [key, value] of rows) if (value !== undefined) yield [key, value] as const;
    },
    async close() {
      if (isOpen) disk.sync();
      isOpen = false;
    },
  };
}

function apply(rows: Map<string, Uint8Array>, ops: readonly StoreOp[]): void {
  for (const op of ops) {
    // A copy, as a disk makes one: a caller that reuses its buffer must not change the row.
    if (op.type === 'put') rows.set(op.key, op.value.slice());
    else rows.delete(op.key);
  }
}

const bytewise = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
