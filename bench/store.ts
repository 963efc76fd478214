// What the store can take: rows per second in large batches, and batches per second when each is synced for itself.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRocksStore } from '#runtime/store/rocks-store.ts';
import type { Store, StoreOp } from '#runtime/store/store.ts';

const MEASURE_MS = 3_000;
/** Rows of a large batch: a full turn of the host writes fewer. */
const LARGE_BATCH_ROWS = 1_000;
/** A row as hosts write most of them: a watermark, a small snapshot. */
const VALUE = new Uint8Array(100).fill(7);

/** Rows and synced batches per second on this machine's disk. */
export async function benchStore(): Promise<Record<string, { readonly value: number; readonly unit: string }>> {
  const dir = await mkdtemp(join(tmpdir(), 'bench-store-'));
  const store = await openRocksStore(dir);
  try {
    const large = await batchesPerSecond(store, LARGE_BATCH_ROWS);
    const small = await batchesPerSecond(store, 1);
    return {
      puts_per_second: { value: Math.round(large * LARGE_BATCH_ROWS), unit: 'rows/s' },
      synced_batches_per_second: { value: Math.round(small), unit: 'batches/s' },
    };
  } finally {
    await store.close();
    await rm(dir, { recursive: true });
  }
}

async function batchesPerSecond(store: Store, rows_count: number): Promise<number> {
  const began_ms = performance.now();
  let batches_count = 0;
  for (; performance.now() - began_ms < MEASURE_MS; batches_count++) await store.batch(rows(batches_count, rows_count));
  return batches_count / ((performance.now() - began_ms) / 1_000);
}

/** Keys in no order, as actors' ids are. */
function rows(batch: number, count: number): StoreOp[] {
  return Array.from({ length: count }, (_, index) => {
    const scattered = Math.imul(batch * count + index, 0x9e37_79b1) >>> 0;
    return { type: 'put', key: `bench/${scattered.toString(16).padStart(8, '0')}`, value: VALUE };
  });
}
