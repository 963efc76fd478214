// The sandbox port: what is opened is under the root that was committed to, kept or forgotten.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { verifySubUnit } from '#machines/work/kernels/unit-tree.ts';
import { openSandboxPool, type SandboxPool } from '#runtime/sandbox/pool.ts';
import { createSandboxPort } from '#runtime/sandbox/port.ts';
import { u128 } from '#schemas/wire/fields.ts';
import type { BatchAnswer, Work, WorkAnswer } from '#schemas/work/sandbox.ts';

const ME = 'aa'.repeat(32);
const place = { unit: `${'01'.repeat(16)}/0`, attempt: 1, kernel: 'noop/v1', start: u128(256n), unit_log2: 8 } as const;
const RUN: Work = { action: 'run', ...place };
const OPEN: Work = { action: 'open', ...place, indices: [3, 1] };

let pool: SandboxPool;
beforeAll(async () => {
  pool = await openSandboxPool({ size: 1 });
});
afterAll(() => pool.close());

/** What a new port answers to these works in one call. */
async function answers(...works: readonly Work[]): Promise<readonly WorkAnswer[]> {
  const call = { key: 'block:7:0', actor: ME, signal: new AbortController().signal };
  return ((await createSandboxPort(pool)({ action: 'batch', works }, call)) as BatchAnswer).answers;
}

test.each([
  ['after it was run', [RUN, OPEN]],
  ['again', [RUN, OPEN, OPEN]],
  ['by a port that forgot it', [OPEN]],
])('a unit is opened %s, under its root', async (_when, works) => {
  const [run] = await answers(RUN);
  const opened = (await answers(...works)).at(-1);
  if (run?.action !== 'run' || opened?.action !== 'open') throw new Error('another answer');
  expect(
    opened.openings.map(([result, proof], i) => verifySubUnit('noop/v1', run.root, [3, 1][i] ?? 0, result, proof)),
  ).toEqual([true, true]);
});
