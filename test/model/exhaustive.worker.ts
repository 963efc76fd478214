// Runs one exhaustive check in a thread of its own, so that Node itself loads the core, with the edits of a planted bug if there are any.
import { parentPort, workerData } from 'node:worker_threads';
import { importMutant } from '#runtime/sim/mutant.ts';
import { MUTATIONS, type Mutation } from '#runtime/sim/mutations.ts';
import type { explore } from './exhaustive.ts';
import type { Task } from './explore.ts';

const { mutation, ...bounds } = workerData as Task;
const { parts, edits = [] }: Partial<Mutation> = mutation === undefined ? {} : MUTATIONS[mutation];
const url = new URL('./exhaustive.ts', import.meta.url).href;
const module = await (edits.length > 0 ? importMutant(mutation ?? '', edits, url) : import(url));
parentPort?.postMessage((module as { readonly explore: typeof explore }).explore({ ...bounds, parts }));
