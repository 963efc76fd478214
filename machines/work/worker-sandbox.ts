// How a worker uses its sandbox: what shares a call, and how the answers are read.
import type { Effect } from '#schemas/node/host.ts';
import { MAX_BATCH_ITEMS } from '#schemas/wire/limits.ts';
import type { BatchAnswer, BatchRequest, Work, WorkAnswer } from '#schemas/work/sandbox.ts';
import { weighedChunks } from '../primitives/chunks.ts';
import { kernelSpec } from './kernels/kernel.ts';

/** Numbers that take a moment to compute, half a second or less: units that share a call are answered together. */
const MOMENT_NUMBERS = 2 ** 34;

/** Calls for the works of one block: a moment's work together, what takes longer alone, so that nobody waits for it. */
export const calls = (height: number, works: readonly Work[]): Effect[] =>
  weighedChunks(works, MAX_BATCH_ITEMS, MOMENT_NUMBERS, numbersOf).map((batch, i) => {
    const request: BatchRequest = { action: 'batch', works: batch };
    return { type: 'io', port: 'sandbox', key: `block:${height}:${i}`, request };
  });

/** Numbers to compute; to open is to look up, but for what the sandbox forgot. */
function numbersOf(work: Work): number {
  const { sub_units_count, is_free } = kernelSpec(work.kernel);
  if (is_free || work.action === 'open') return 0;
  const share = work.action === 'run' ? 1 : work.indices.length / sub_units_count;
  return 2 ** work.unit_log2 * share;
}

/**
 * What the sandbox answered. It is part of the node, so it is not checked here but where it goes: in the snapshot and in the
 * transactions.
 */
export const answersIn = (answer: unknown): readonly WorkAnswer[] => (answer as BatchAnswer).answers;
