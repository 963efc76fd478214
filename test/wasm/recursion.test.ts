// Recursion without end stops at one depth, whatever tier of the engine runs it, and before the engine's own stack is full.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { metered } from './running.ts';
import { wat } from './wat.ts';

const times = (count: number, code: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => code(i)).join(' ');
const I64S = 'i64 '.repeat(900);
const TABLE = '(type $t (func)) (table 1 funcref)';
const INDIRECT = '(call_indirect (type $t) (i32.const 0))';
/** Each counts how deep it got. */
const DEEPER = '(global.set $depth (i32.add (global.get $depth) (i32.const 1)))';
/** An optimising tier computes these once for two places, and keeps them over a call in between. */
const PRODUCTS = times(
  1_500,
  (i) => `(local.set $a (i64.xor (local.get $a) (i64.mul (local.get $n) (i64.const ${64 + i}))))`,
);
/** The same in small functions, which it puts into their caller. */
const SMALL = times(12, (k) => {
  const products = times(
    25,
    (i) => `(local.set $a (i64.xor (local.get $a) (i64.mul (local.get $n) (i64.const ${64 + 25 * k + i}))))`,
  );
  return `(func $small${k} (param $n i64) (param $a i64) (result i64) ${products} (local.get $a))`;
});
const CALL_SMALL = times(12, (k) => `(local.set $a (call $small${k} (local.get $n) (local.get $a)))`);

const RECURSIONS: Readonly<Record<string, string>> = {
  'of itself': `(func $f (export "f") ${DEEPER} (call $f))`,
  'in a ring': `(func $f (export "f") ${DEEPER} (call $g)) (func $g (call $h)) (func $h (call $f))`,
  'by table': `${TABLE} (elem (i32.const 0) $f) (func $f (export "f") ${DEEPER} ${INDIRECT})`,
  'in and out of the table': `${TABLE} (elem (i32.const 0) $g) (func $f (export "f") ${DEEPER} ${INDIRECT}) (func $g (call $f))`,
  'with many locals': `(func $f (export "f") (local ${I64S}) ${DEEPER} (call $f))`,
  'with many operands': `(func $f (export "f") (result i32) ${DEEPER} ${times(500, () => '(i32.const 7)')} (call $f) ${times(500, () => '(i32.add)')})`,
  'with many parameters': `(func $f (param ${I64S}) ${DEEPER} ${times(900, (i) => `(local.get ${i})`)} (call $f)) (func (export "f") ${times(900, () => '(i64.const 3)')} (call $f))`,
  'with many results': `(func $f (export "f") (result ${I64S}) ${DEEPER} (call $f))`,
  'with values worth keeping': `(func $f (param $n i64) (result i64) (local $a i64) ${DEEPER} ${PRODUCTS} (global.set $sink (local.get $a))
    (local.set $a (call $f (i64.add (local.get $n) (i64.const 1)))) ${PRODUCTS} (local.get $a)) (func (export "f") (drop (call $f (i64.const 5))))`,
  'with values worth keeping in small functions': `${SMALL} (func $f (param $n i64) (result i64) (local $a i64) ${DEEPER} ${CALL_SMALL} (global.set $sink (local.get $a))
    (local.set $a (call $f (i64.add (local.get $n) (i64.const 1)))) ${CALL_SMALL} (local.get $a)) (func (export "f") (drop (call $f (i64.const 5))))`,
};

/** Runs each module of a file some times, on an instance of its own each time: better compiled in later runs. */
const CHILD = `
  const { readFileSync } = require('node:fs');
  const ends = JSON.parse(readFileSync(process.argv[1], 'utf8')).map(([name, text]) => {
    const module = new WebAssembly.Module(Buffer.from(text, 'base64'));
    const seen = Array.from({ length: 20 }, () => {
      const { exports } = new WebAssembly.Instance(module);
      exports['sortition:fuel'].value = 2n ** 60n;
      let trap = 'none';
      try { exports.f(); } catch (error) { trap = error.message; }
      return JSON.stringify({ name, trap, isOut: exports['sortition:stack'].value < 0n, depth: exports.depth.value });
    });
    return [...new Set(seen)].map((end) => JSON.parse(end));
  });
  console.log(JSON.stringify(ends.flat()));`;

let dir: string;
let file: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sortition-recursion-'));
  file = join(dir, 'modules.json');
  const head = '(global $depth (export "depth") (mut i32) (i32.const 0)) (global $sink (mut i64) (i64.const 0))';
  const modules = Object.entries(RECURSIONS).map(([name, functions]) => {
    const bytes = metered(
      wat(`(module ${functions.startsWith('(type') ? functions : `(type $t (func)) ${functions}`} ${head})`),
    );
    return [name, Buffer.from(bytes).toString('base64')];
  });
  await writeFile(file, JSON.stringify(modules));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function endsWith(
  flags: readonly string[],
): Promise<readonly { readonly name: string; readonly trap: string; readonly isOut: boolean }[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, '-e', CHILD, file]);
  return JSON.parse(stdout);
}

test.each([
  ['the first tier', ['--liftoff-only']],
  ['the best tier', ['--no-liftoff']],
  ['the best tier, which puts functions into their callers', ['--no-liftoff', '--wasm-inlining-ignore-call-counts']],
  ['tiers as they come', []],
])('in %s', async (_name, flags) => {
  const ends = await endsWith(flags);
  expect(ends.map(({ name, trap, isOut }) => ({ name, trap, isOut }))).toEqual(
    Object.keys(RECURSIONS).map((name) => ({ name, trap: 'unreachable', isOut: true })),
  );
  expect(ends).toEqual(await endsWith(['--liftoff-only']));
});
