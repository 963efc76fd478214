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
const REPORT: Work = { action: 'report', ...place, indices: [2] };

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

/** Without what differs each time. */
const unsalted = ({ answers }: BatchAnswer) =>
  answers.map((answer) => (answer.action === 'run' ? { ...answer, salt: '', commitment: '' } : answer));

test('what is free is answered at once, as it would be later', async () => {
  const port = createSandboxPort(pool);
  const works = [RUN, OPEN, REPORT];
  const call = { key: 'block:7:0', actor: ME, signal: new AbortController().signal };
  const later = await port({ action: 'batch', works }, call);
  const now = port.atOnce?.({ action: 'batch', works }, ME);
  expect(unsalted(now as BatchAnswer)).toEqual(unsalted(later as BatchAnswer));
});

test('what takes time is not', () => {
  const slow: Work = { action: 'run', ...place, kernel: 'collatz/v1', start: u128(1n << 71n), unit_log2: 20 };
  const port = createSandboxPort(pool);
  expect(port.atOnce?.({ action: 'batch', works: [RUN, slow] }, ME)).toBeUndefined();
  expect(port.atOnce?.({ action: 'recompute', ...place, indices: [1] }, ME)).toBeUndefined();
});

test('a work that cannot be done spoils none beside it', () => {
  const impossible: Work = { action: 'report', ...place, indices: [4] };
  const answer = createSandboxPort(pool).atOnce?.({ action: 'batch', works: [impossible, REPORT] }, ME) as BatchAnswer;
  expect(answer.answers).toMatchObject([{ action: 'failed', code: 'SANDBOX_UNIT_INVALID' }, { action: 'report' }]);
});

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
