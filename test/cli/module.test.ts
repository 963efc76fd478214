// `sortition module check` says whether a network would take a module, and why not.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EXIT } from '#runtime/cli/cli-error.ts';
import { sha256 } from '#runtime/keys/sha256.ts';
import { CODES } from '#schemas/wire/codes.ts';
import { TAG } from '#schemas/wire/tags.ts';
import { wat } from '../wasm/wat.ts';
import { sortition } from './run.ts';

const TASK = wat(`(module (import "sortition" "output" (func $output (param i32 i32))) (memory (export "memory") 1 3)
  (func (export "alloc") (param i32) (result i32) (memory.grow (i32.const 1)))
  (func (export "run") (param i32 i32) (result i64) (call $output (local.get 0) (local.get 1)) (i64.const 0)))`);
const address = Buffer.from(sha256(Buffer.concat([TAG.module, TASK]))).toString('hex');

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sortition-module-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function file(bytes: Uint8Array): Promise<string> {
  const path = join(dir, 'task.wasm');
  await writeFile(path, bytes);
  return path;
}

test('a module that would be taken is told with its address, and what it may use', async () => {
  const { exit, out } = await sortition('module', 'check', await file(TASK), '--json');
  expect(exit).toBe(EXIT.ok);
  expect(JSON.parse(out)).toMatchObject({
    taken: true,
    address,
    entry: 'run',
    size_bytes: TASK.length,
    memory: { initial_pages: 1, pages: 3 },
    imports: [{ module: 'sortition', name: 'output' }],
    exports: [{ name: 'memory' }, { name: 'alloc' }, { name: 'run' }],
  });
});

test('as text for people, and what workers would run as a file', async () => {
  const metered = join(dir, 'metered.wasm');
  const { exit, out } = await sortition('module', 'check', await file(TASK), '--out', metered);
  expect(exit).toBe(EXIT.ok);
  expect(out).toContain(address);
  expect(out).toContain('1 pages at the start, 3 at most');
  const written = new Uint8Array(await readFile(metered));
  expect(out).toContain(`${TASK.length} bytes, ${written.length} when metered`);
  expect(WebAssembly.validate(written)).toBe(true);
});

test('the float profile gives another address', async () => {
  const { out } = await sortition('module', 'check', await file(TASK), '--floats', '--json');
  expect(JSON.parse(out)).toMatchObject({
    taken: true,
    address: Buffer.from(sha256(Buffer.concat([TAG.floatModule, TASK]))).toString('hex'),
  });
});

test.each([
  ['by the pass', wat('(module (func (param f32)))'), 'MODULE_FLOATS'],
  [
    'by the engine',
    wat('(module (memory (export "memory") 1) (func (export "_start") (drop (i32.add (i64.const 1) (i32.const 1)))))'),
    'MODULE_INVALID',
  ],
  ['for its size', new Uint8Array(8 * 1_048_576), 'MODULE_TOO_LARGE'],
  ['for being none', Buffer.from('#!/bin/sh\n'), 'MODULE_MALFORMED'],
] as const)('a module that is refused %s is told with code and place', async (_name, bytes, code) => {
  const path = await file(bytes);
  const told = await sortition('module', 'check', path, '--json');
  expect(told.exit).toBe(EXIT.refused);
  const { at_byte, ...refusal } = JSON.parse(told.out) as { at_byte: number };
  expect(refusal).toMatchObject({ taken: false, code, meaning: CODES[code] });
  const said = await sortition('module', 'check', path);
  expect(said).toMatchObject({ exit: EXIT.refused, out: '' });
  expect(said.err).toMatch(new RegExp(`^${code}: .* at byte ${at_byte}: .+\\.\\s`));
});

test('a file that is not there is a failure', async () => {
  const { exit, err } = await sortition('module', 'check', join(dir, 'none.wasm'));
  expect(exit).toBe(EXIT.failure);
  expect(err).toMatch(/^MODULE_UNREADABLE: /);
});
