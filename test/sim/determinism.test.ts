// One seed, one trace: in two processes, whatever ran before, and on another Node.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { drawPlan } from '#runtime/sim/draw-plan.ts';
import { runSimulation } from '#runtime/sim/simulation.ts';
import { otherNode, stripSources } from '../support/other-node.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SCHEDULES = 12;
const TIMEOUT_MS = 120_000;

async function traces(first: number): Promise<string[]> {
  const hashes: string[] = [];
  for (let i = 0; i < SCHEDULES; i++)
    hashes.push((await runSimulation({ plan: drawPlan(first + i, 'consensus') })).trace_hash);
  return hashes;
}

/** The same in a process of `node` over the modules under `root`. */
async function tracesIn(node: string, root: string, extension: 'ts' | 'js'): Promise<unknown> {
  const script = `
    const { runSimulation } = await import(${JSON.stringify(join(root, `runtime/sim/simulation.${extension}`))});
    const { drawPlan } = await import(${JSON.stringify(join(root, `runtime/sim/draw-plan.${extension}`))});
    const hashes = [];
    for (let i = 0; i < ${SCHEDULES}; i++) hashes.push((await runSimulation({ plan: drawPlan(500 + i, 'consensus') })).trace_hash);
    console.log(JSON.stringify(hashes));`;
  const { stdout } = await run(node, ['--input-type=module', '-e', script], { cwd: root });
  return JSON.parse(stdout);
}

test.each(['ledger', 'epochs'] as const)(
  'a schedule has the same trace whatever ran before it: %s',
  async (kind) => {
    const first = await runSimulation({ plan: drawPlan(7, kind) });
    await traces(100);
    expect(await runSimulation({ plan: drawPlan(7, kind) })).toEqual(first);
  },
  TIMEOUT_MS,
);

test('different seeds have different traces', { timeout: TIMEOUT_MS }, async () => {
  expect(new Set(await traces(300)).size).toBe(SCHEDULES);
});

test('two processes give the same traces', { timeout: TIMEOUT_MS }, async () => {
  expect(await tracesIn(process.execPath, ROOT, 'ts')).toEqual(await traces(500));
});

test('another Node gives the same traces', { timeout: TIMEOUT_MS }, async ({ skip }) => {
  const node = await otherNode();
  if (node === undefined) return skip('there is one Node on this machine');
  const folder = await mkdtemp(join(tmpdir(), 'sortition-sim-'));
  try {
    await stripSources(folder, '{schemas,machines,actors,runtime}/**/*.ts');
    expect(await tracesIn(node, folder, 'js')).toEqual(await traces(500));
  } finally {
    await rm(folder, { recursive: true });
  }
});
