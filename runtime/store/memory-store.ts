// The in-memory twin of the store. Its disk outlives it, so tests crash a node at any write and open the rest again.
import { endOfPrefix } from './prefix.ts';
import type { Store, StoreOp } from './store.ts';
import { StoreError } from './store-error.ts';

/** What a power cut does to one batch: it never reached the disk, or it did and nobody was told. */
export type BatchFault = 'lost' | 'unacknowledged';

/** The rows that survive a crash. */
export class MemoryDisk {
  readonly rows: Map<string, Uint8Array>;
  constructor(rows: Iterable<readonly [string, Uint8Array]> = []) {
    this.rows = new Map(rows);
  }
  /** A backup taken now. */
  copy(): MemoryDisk {
    return new MemoryDisk(this.rows);
  }
}

/**
 * A store over `disk`. After a fault every call fails, as if the process were gone: open the disk again.
 *
 * @param fault asked before each batch what happens to it; undefined: nothing does
 */
export function openMemoryStore(
  disk: MemoryDisk,
  fault: (ops: readonly StoreOp[]) => BatchFault | undefined = () => undefined,
): Store {
  let isOpen = true;
  const requireOpen = (code: 'STORE_READ_FAILED' | 'STORE_WRITE_FAILED') => {
    if (!isOpen) throw new StoreError(code, 'the store is closed');
  };
  return {
    async batch(ops) {
      requireOpen('STORE_WRITE_FAILED');
      const happened = fault(ops);
      if (happened !== 'lost') apply(disk.rows, ops);
      if (happened === undefined) return;
      isOpen = false;
      throw new StoreError('STORE_WRITE_FAILED', `power cut: the batch is ${happened}`);
    },
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
      for (const key of keys.toSorted(bytewise).slice(0, limit)) {
        const value = disk.rows.get(key);
        if (value !== undefined) yield [key, value] as const;
      }
    },
    async close() {
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
