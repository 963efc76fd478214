// A thread that runs batches of schedules one after the other.
import { parentPort } from 'node:worker_threads';
import { type Batch, runBatch } from './batch.ts';
import type { SimReport } from './report.ts';

/** What it answers to a batch; a failure of the simulator itself ends the thread with its error. */
export type BatchAnswer = readonly SimReport[];

let last: Promise<unknown> = Promise.resolve();

parentPort?.on('message', (batch: Batch) => {
  last = last.then(async () => parentPort?.postMessage((await runBatch(batch)) satisfies BatchAnswer));
});
