// The exhaustive check in threads: as many at once as the machine has cores to spare.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { MutationName } from '#runtime/sim/mutations.ts';
import type { Bounds, Explored } from './exhaustive.ts';

/** What a thread is to explore, with a planted bug or without. */
export type Task = Omit<Bounds, 'parts'> & { readonly mutation?: MutationName };

/** Rejects with what the thread threw. */
export async function exploreInThread(task: Task): Promise<Explored> {
  const worker = new Worker(new URL('./exhaustive.worker.ts', import.meta.url), { workerData: task });
  const [explored] = (await once(worker, 'message')) as [Explored];
  return explored;
}
