// One seed, one trace: in two processes, whatever ran before, and on another Node.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { glob, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { drawPlan } from '#runtime/sim/draw-plan.ts';
import { runSimulation } from '#runtime/sim/simulation.ts';

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

/** A Node of the system that is not this one; undefined where there is none. */
async function otherNode(): Promise<string | undefined> {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'));
  for (const node of folders.map((folder) => join(folder, 'node'))) {
    if (!existsSync(node)) continue;
    const { stdout } = await run(node, ['--version']);
    if (stdout.trim() !== process.version) return node;
  }
  return undefined;
}

/** The sources as plain JavaScript, for a Node too old to strip types. */
async function stripped(to: string): Promise<void> {
  for await (const file of glob('{schemas,machines,actors,runtime}/**/*.ts', {
    cwd: ROOT,
    exclude: (name) => name.endsWith('.d.ts'),
  })) {
    const target = join(to, file.replace(/\.ts$/, '.js'));
    await mkdir(dirname(target), { recursive: true });
    const script = stripTypeScriptTypes(await readFile(join(ROOT, file), 'utf8'));
    await writeFile(target, script.replaceAll(/\.ts'/g, ".js'"));
  }
  const imports = Object.fromEntries(
    ['schemas', 'machines', 'actors', 'runtime'].map((name) => [`#${name}/*`, `./${name}/*`]),
  );
  await writeFile(join(to, 'package.json'), JSON.stringify({ type: 'module', imports }));
  await symlink(join(ROOT, 'node_modules'), join(to, 'node_modules'));
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
    await stripped(folder);
    expect(await tracesIn(node, folder, 'js')).toEqual(await traces(500));
  } finally {
    await rm(folder, { recursive: true });
  }
});
