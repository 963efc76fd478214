// Threads that share the batches of a campaign; its results come in the order of the batches, whoever ran them.
import { Worker } from 'node:worker_threads';
import type { Batch } from './batch.ts';
import type { BatchAnswer } from './batch.worker.ts';

/** Young generation of a thread, MB: a schedule leaves little behind, and the default of 16 collects it a dozen times too often. */
const YOUNG_MB = 64;

/**
 * Answers to all batches, in order.
 *
 * @param workers threads, at least 1
 */
export async function* runByCrew(batches: Iterable<Batch>, workers: number): AsyncGenerator<BatchAnswer> {
  const crew = Array.from({ length: workers }, () => startWorker());
  const waiting: Promise<BatchAnswer>[] = [];
  const source = batches[Symbol.iterator]();
  const give = (worker: BatchWorker): void => {
    const { value: batch, done } = source.next();
    if (done === true) return;
    const answer = worker.run(batch);
    waiting.push(answer);
    // A failed thread shows when its answer is read; it is given nothing more.
    answer.then(
      () => give(worker),
      () => undefined,
    );
  };
  try {
    // Two each: a thread that answers has the next one already.
    for (const worker of [...crew, ...crew]) give(worker);
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) yield await next;
  } finally {
    await Promise.all(crew.map((worker) => worker.stop()));
  }
}

type BatchWorker = { run(batch: Batch): Promise<BatchAnswer>; stop(): Promise<unknown> };

function startWorker(): BatchWorker {
  const thread = new Worker(new URL('./batch.worker.ts', import.meta.url), {
    // Not those of the process: they may be about its main script alone.
    execArgv: [],
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
  });
  const open: { readonly resolve: (answer: BatchAnswer) => void; readonly reject: (error: unknown) => void }[] = [];
  thread.on('message', (answer: BatchAnswer) => open.shift()?.resolve(answer));
  thread.on('error', (error) => {
    for (const { reject } of open.splice(0)) reject(error);
  });
  return {
    run(batch) {
      const { promise, resolve, reject } = Promise.withResolvers<BatchAnswer>();
      open.push({ resolve, reject });
      thread.postMessage(batch);
      return promise;
    },
    stop: () => thread.terminate(),
  };
}
