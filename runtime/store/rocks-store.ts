// The store on disk: RocksDB, whose log takes every write in order. Small caches on purpose: a node keeps what is hot in its own memory.
import { RocksLevel } from '@nxtedition/rocksdb';
import { endOfPrefix } from './prefix.ts';
import type { Store, StoreOp } from './store.ts';
import { StoreError } from './store-error.ts';

/** Memtables, bytes in all: four of 4 MiB; with the block cache they bound what one open database costs. */
const MEMTABLE_BYTES = 16 * 1024 * 1024;
/** Cache of disk blocks, bytes: reads are recovery and thawing, both rare. */
const BLOCK_CACHE_BYTES = 8 * 1024 * 1024;
/** Rows read from an iterator at once. */
const SCAN_PAGE_ROWS = 256;

const OPTIONS = {
  createIfMissing: true,
  keyEncoding: 'utf8',
  valueEncoding: 'buffer',
  compaction: 'level',
  memtableMemoryBudget: MEMTABLE_BYTES,
  cacheSize: BLOCK_CACHE_BYTES,
  parallelism: 1,
  // Batches are small: compressing them costs more time than the bytes saved.
  walCompression: false,
  // Rows are mostly hashes and signatures. Compressing them with a trained dictionary took a third of the machine under load.
  compression: false,
} as const;

/**
 * Open (or create) the database in `directory`; one process at a time, held by RocksDB's lock file.
 *
 * @throws StoreError STORE_OPEN_FAILED when another process has it open or the folder cannot be written
 */
export async function openRocksStore(directory: string): Promise<Store> {
  const db = await RocksLevel.open(directory, OPTIONS).catch((cause: unknown) => {
    throw new StoreError('STORE_OPEN_FAILED', `cannot open the database in ${directory}`, { cause });
  });
  return {
    batch: (ops) => write(db, ops, true),
    append: (ops) => write(db, ops, false),
    get: (key) => read(db, key),
    scan: (prefix, { after, limit } = {}) => scan(db, prefix, after, limit ?? Infinity),
    close: () => db.close(),
  };
}

async function write(db: RocksLevel, ops: readonly StoreOp[], sync: boolean): Promise<void> {
  if (ops.length === 0) return;
  try {
    await db.batch(ops.map(plain), { sync });
  } catch (cause) {
    throw new StoreError('STORE_WRITE_FAILED', `cannot write ${ops.length} rows`, { cause });
  }
}

/** The database copies own properties only: a lazy row has none for its value. */
const plain = (op: StoreOp): StoreOp => (op.type === 'put' ? { type: 'put', key: op.key, value: op.value } : op);

async function read(db: RocksLevel, key: string): Promise<Uint8Array | undefined> {
  try {
    return (await db.getMany([key]))[0];
  } catch (cause) {
    throw new StoreError('STORE_READ_FAILED', `cannot read the row ${key}`, { cause });
  }
}

async function* scan(db: RocksLevel, prefix: string, after: string | undefined, limit: number) {
  const from = after === undefined ? { gte: prefix } : { gt: after };
  const iterator = db.iterator({ ...from, lt: endOfPrefix(prefix) });
  try {
    for (let left = limit; left > 0; ) {
      const rows = await iterator.nextv(Math.min(left, SCAN_PAGE_ROWS));
      if (rows.length === 0) return;
      yield* rows;
      left -= rows.length;
    }
  } catch (cause) {
    throw new StoreError('STORE_READ_FAILED', `cannot read the rows ${prefix}*`, { cause });
  } finally {
    await iterator.close();
  }
}
