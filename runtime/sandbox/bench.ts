// How fast the Collatz kernel is on this machine, through the whole sandbox: for `sortition bench work` and the console.
import type { SandboxPool } from './pool.ts';

const UNIT_LOG2 = 32;
const START = 2n ** 71n;

/** Median numbers per second of one sandbox process over `runs` units of 2^32 numbers at 2^71, after one to warm up. */
export async function kernelNumbersPerSecond(pool: SandboxPool, runs = 5): Promise<number> {
  const rates: number[] = [];
  for (let run = 0; run <= runs; run++) {
    const before = performance.now();
    await pool.runUnit({ kernel: 'collatz/v1', start: START, unit_log2: UNIT_LOG2 });
    rates.push((2 ** UNIT_LOG2 / (performance.now() - before)) * 1_000);
  }
  const [, ...warm] = rates;
  return warm.toSorted((a, b) => a - b)[Math.floor(runs / 2)] ?? 0;
}
