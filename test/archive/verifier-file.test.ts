// The verifier as users get it: one file, run by Node alone, away from this repository, without a network where possible.
import { execFile, spawnSync } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { formatPolicy } from '#machines/settlement/checkpoint-policy.ts';
import { forgeBundle, publishBundle } from './bundle-folder.ts';
import { entry, noteBy, PAYMENTS, POLICY, rowsOf } from './network.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
const dir = await mkdtemp(join(tmpdir(), 'verifier-'));
const program = join(dir, 'sortition-verify.mjs');
afterAll(() => rm(dir, { recursive: true }));
beforeAll(async () => {
  await promisify(execFile)(process.execPath, [join(ROOT, 'infra/verifier/build.mjs')]);
  await copyFile(join(ROOT, '.cache/verifier/sortition-verify.mjs'), program);
});

/** An empty network namespace: root may make one, others inside a user namespace where the system allows it. */
const namespace = [
  ['unshare', '-n'],
  ['unshare', '-rn'],
].find(([file = '', ...args]) => spawnSync(file, [...args, 'true']).status === 0);
const command = [...(namespace ?? []), process.execPath];

function run(...args: readonly string[]) {
  const [file = '', ...before] = command;
  const { status, stdout, stderr } = spawnSync(file, [...before, program, ...args], {
    cwd: dir,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] },
  });
  return { status, stdout, stderr };
}

test('it is one file below 200 kB that imports nothing but Node', async () => {
  expect((await stat(program)).size).toBeLessThan(200_000);
  const imports = Array.from(
    (await readFile(program, 'utf8')).matchAll(/(?:from|import)\s*\(?["']([^"']+)["']/g),
    ([, name = '']) => name,
  );
  expect(imports.filter((name) => !name.startsWith('node:') && name !== 'fs' && name !== 'util')).toEqual([]);
});

test('a good bundle: exit 0, lines for people or JSON for programs', async () => {
  const folder = await publishBundle(dir, rowsOf(PAYMENTS));
  const text = run(folder);
  expect(text).toMatchObject({ status: 0, stderr: '' });
  expect(text.stdout).toContain('NOT PINNED');
  await writeFile(join(dir, 'policy'), formatPolicy(POLICY));
  const json = run(folder, '--json', '--policy', join(dir, 'policy'));
  expect(json.status).toBe(0);
  expect(JSON.parse(json.stdout)).toMatchObject({ verified: true, policy: { is_pinned: true, from: 'user' } });
});

test.each([
  [
    2,
    'a flipped byte',
    async () => {
      const folder = await publishBundle(join(dir, 'flipped'), rowsOf(PAYMENTS));
      const bytes = await readFile(join(folder, 'bundle.car'));
      bytes.writeUInt8(bytes.readUInt8(500) ^ 1, 500);
      await writeFile(join(folder, 'bundle.car'), bytes);
      return folder;
    },
  ],
  [3, 'two of four', () => forgeBundle(dir, 'two', PAYMENTS, (text) => noteBy(text, [0, 1]))],
  [5, 'minted money', () => forgeBundle(dir, 'minted', [[entry('credit', 'thief', 1n)]])],
  [1, 'no such folder', async () => join(dir, 'nowhere')],
])('exit %i for %s', async (exit, _, make) => {
  const { status, stdout } = run(await make());
  expect(status).toBe(exit);
  expect(stdout).toMatch(/^NOT VERIFIED {2}[A-Z_]+: /);
});

test('wrong usage: exit 1 and how to use it', () => {
  for (const args of [
    [],
    ['a', 'b'],
    ['--what'],
    ['x', '--policy', join(dir, 'absent')],
    ['x', '--from', 'seen.json'],
  ]) {
    const { status, stderr } = run(...args);
    expect([status, stderr.includes('Usage: node sortition-verify.mjs')]).toEqual([1, true]);
  }
});

// Where no namespace can be made, the runs above had none; continuous integration must have one.
test.runIf(namespace !== undefined || process.env['CI'] !== undefined)(
  'the namespace of these runs has no network',
  () => {
    const [file = '', ...before] = command;
    const script = 'console.log(Object.values(require("node:os").networkInterfaces()).flat().length)';
    expect(spawnSync(file, [...before, '-e', script], { encoding: 'utf8' }).stdout.trim()).toBe('0');
  },
);
