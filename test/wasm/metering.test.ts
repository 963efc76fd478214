// Fuel and stack: who pays what, and that what runs out stops at the same place each time, told apart from other traps.
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { rewriteModule } from '#machines/wasm/admission.ts';
import { FLOAT_RULES, WHOLE_RULES } from '#machines/wasm/rules.ts';
import { sha256 } from '#runtime/keys/sha256.ts';
import { COLLATZ_V1 } from '#runtime/sandbox/kernel-module.ts';
import { MODULE_STACK_SLOTS } from '#schemas/wire/limits.ts';
import { instantiate, metered, type Outcome, PLENTY, type Running } from './running.ts';
import { wat } from './wat.ts';

const run = (text: string, fuel = PLENTY): Running => instantiate(metered(wat(text)), [], fuel);
/** Fuel that one call of `f` takes. */
function fuelOf(text: string, args: readonly (number | bigint)[] = []): number {
  const running = run(text);
  running.call('f', args);
  return Number(PLENTY - running.fuel);
}

const LOOP =
  '(module (func (export "f") (param i32) (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))';
const FOREVER =
  '(module (global $n (export "n") (mut i32) (i32.const 0)) (func (export "f") (loop $l (global.set $n (i32.add (global.get $n) (i32.const 1))) (br $l))))';

describe('fuel', () => {
  test('a loop pays each time around, and a function each time it is called', () => {
    const [once, twice, often] = [fuelOf(LOOP, [1]), fuelOf(LOOP, [2]), fuelOf(LOOP, [1_000])];
    const around = twice - once;
    expect(around).toBeGreaterThan(0);
    expect(often).toBe(once + 999 * around);
  });

  test.each([
    [
      'of two arms the dearer one counts',
      '(if (local.get 0) (then (drop (i32.const 1))) (else (drop (i32.div_u (i32.const 6) (i32.const 2)))))',
      1 + 2 + 10,
    ],
    ['an arm alone counts', '(if (local.get 0) (then (drop (i32.const 1)) (drop (i32.const 2))))', 1 + 2 + 2],
    ['what no way leads to costs nothing', '(return) (drop (i32.div_u (i32.const 6) (i32.const 2)))', 1 + 1],
    [
      'a jump over code does not add to it',
      '(block (br_if 0 (local.get 0)) (drop (i32.const 1))) (drop (i32.const 2))',
      1 + 2 + 1 + 1,
    ],
    [
      'cases that exclude each other do not add up',
      '(block $end (block $b (block $a (br_table $a $b (local.get 0))) (drop (i32.const 1)) (br $end)) (drop (i32.const 1)) (drop (i32.const 2)))',
      1 + 3 + 2,
    ],
    ['locals that are set to zero count', '(local i64 i64 i64)', 1 + 3],
  ])('%s', (_name, code, cost) => {
    expect(fuelOf(`(module (func (export "f") (param i32) ${code}))`, [0])).toBe(cost);
  });

  test.each(['memory.fill', 'memory.copy'])('%s pays by its length before it runs', (bulk) => {
    const text = `(module (memory 2) (func (export "f") (param i32) (${bulk} (i32.const 0) (i32.const 0) (local.get 0))))`;
    expect(fuelOf(text, [80_000]) - fuelOf(text, [0])).toBe(10_000);
    const poor = run(text, 10_000n);
    expect(poor.call('f', [80_000])).toEqual({ trap: 'unreachable' });
    expect(poor.fuel).toBeLessThan(0n);
  });

  test('a module runs nothing before the host has given fuel', () => {
    const running = run(FOREVER, 0n);
    expect(running.call('f')).toEqual({ trap: 'unreachable' });
    expect(running.state().globals).toBe('n=0');
    expect(running.fuel).toBeLessThan(0n);
  });

  test('an endless loop stops at the same place each time', () => {
    const ends = [1, 2].map(() => {
      const running = run(FOREVER, 1_000_000n);
      return { outcome: running.call('f'), fuel: running.fuel, ...running.state() };
    });
    expect(ends[0]).toEqual(ends[1]);
    expect(ends[0]).toMatchObject({ outcome: { trap: 'unreachable' } });
    expect(ends[0]?.fuel).toBeLessThan(0n);
  });

  test('a trap of the module’s own leaves fuel and stack at zero or above', () => {
    const running = run('(module (func (export "f") (unreachable)))', 100n);
    expect(running.call('f')).toEqual({ trap: 'unreachable' });
    expect(running.fuel).toBeGreaterThanOrEqual(0n);
    expect(running.stack).toBe(BigInt(MODULE_STACK_SLOTS));
  });
});

describe('stack', () => {
  test('a call that returns gives back what it took', () => {
    const running = run(
      '(module (func $f (export "f") (param i32) (if (local.get 0) (then (call $f (i32.sub (local.get 0) (i32.const 1)))))))',
    );
    for (let i = 0; i < 100; i++) expect(running.call('f', [1_000])).toEqual({ results: 'undefined' });
    expect(running.stack).toBe(BigInt(MODULE_STACK_SLOTS));
  });

  test('calls that cannot lead back are not counted', () => {
    const plain = wat('(module (func (export "f") (call $g)) (func $g (call $h)) (func $h))');
    const around = '(module (func (export "f") (call $g)) (func $g (call $h)) (func $h (call $g)))';
    expect(metered(wat(around)).length - metered(plain).length).toBeGreaterThan(50);
  });
});

describe('what comes out', () => {
  test('a start function becomes an export that the host calls', () => {
    const text = '(module (memory (export "memory") 1) (start $s) (func $s (i32.store (i32.const 0) (i32.const 7))))';
    const running = instantiate(metered(wat(text)));
    expect(running.state().memory).toBe('');
    expect(running.call('sortition:start')).toEqual({ results: 'undefined' });
    expect(running.state().memory).not.toBe('');
  });

  test('a start function that loops runs out of fuel like any other', () => {
    const running = run('(module (start $s) (func $s (loop $l (br $l))))', 1_000n);
    expect(running.call('sortition:start')).toEqual({ trap: 'unreachable' });
    expect(running.fuel).toBeLessThan(0n);
  });

  const GROWS = (limits: string): string =>
    `(module (memory (export "memory") ${limits}) (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))) (func (export "size") (result i32) (memory.size)))`;
  test('a memory that grows has all its pages from the start, and grows by count', () => {
    const text = GROWS('2 5');
    expect(rewriteModule(wat(text), WHOLE_RULES)).toMatchObject({ value: { memory: { initial_pages: 2, pages: 5 } } });
    const [original, running] = [instantiate(wat(text)), run(text)];
    const calls = [
      ['size'],
      ['grow', 1],
      ['size'],
      ['grow', 3],
      ['grow', -1],
      ['grow', 0],
      ['grow', 2],
      ['grow', 1],
      ['size'],
    ] as const;
    for (const [name, ...args] of calls) expect(running.call(name, args)).toEqual(original.call(name, args));
    expect((running.exports['memory'] as { buffer: ArrayBuffer }).buffer.byteLength).toBe(5 * 65_536);
  });

  test('a memory without a maximum grows to the limit and no further', () => {
    const running = run(GROWS('1'));
    expect(running.call('grow', [1_024])).toEqual({ results: '-1' });
    expect(running.call('grow', [1_023])).toEqual({ results: '1' });
    expect(running.call('grow', [1])).toEqual({ results: '-1' });
  });

  test('a memory that nobody grows keeps its size', () => {
    const text = '(module (memory (export "memory") 1 9) (func (export "size") (result i32) (memory.size)))';
    expect(rewriteModule(wat(text), WHOLE_RULES)).toMatchObject({ value: { memory: { initial_pages: 1, pages: 1 } } });
    expect(run(text).call('size')).toEqual({ results: '1' });
  });

  test('what comes out of one version of the pass never changes: a change needs another tag', async () => {
    const kernel = new Uint8Array(await readFile(COLLATZ_V1.file));
    expect(Buffer.from(sha256(metered(kernel))).toString('hex')).toBe(
      '6ee8b41c480ab39b9fb605ea9c200fcdbb845a08cc2c34b524e9cadc47b066ea',
    );
  });

  test('equal bytes in, equal bytes out', () => {
    const bytes = wat(
      '(module (memory 1) (func $f (memory.fill (i32.const 0) (i32.const 0) (memory.grow (i32.const 1))) (call $f)))',
    );
    expect(metered(bytes)).toEqual(metered(bytes.slice()));
  });
});

describe('the float profile', () => {
  /** Two ways to a NaN, each with another sign and fraction in it, and what is made of them. */
  const nanOf = (float: 'f32' | 'f64', code: string): Outcome => {
    const bits = float === 'f32' ? 'i32' : 'i64';
    const text = `(module (func (export "f") (result ${bits}) (${bits}.reinterpret_${float} ${code})))`;
    return instantiate(metered(wat(text), FLOAT_RULES)).call('f');
  };

  test.each([
    ['f32', '(f32.div (f32.const 0) (f32.const 0))'],
    ['f32', '(f32.add (f32.const -nan:0x400001) (f32.const 1))'],
    ['f32', '(f32.sqrt (f32.const -1))'],
    ['f32', '(f32.demote_f64 (f64.const -nan:0xc000000000001))'],
    ['f32', '(f32.min (f32.const -nan:0x400001) (f32.const 1))'],
    ['f64', '(f64.sub (f64.const inf) (f64.const inf))'],
    ['f64', '(f64.promote_f32 (f32.const -nan:0x600000))'],
    ['f64', '(f64.nearest (f64.const -nan:0x8000000000001))'],
    ['f64', '(f64.max (f64.const 1) (f64.const -nan:0x8000000000001))'],
  ] as const)('one NaN of %s comes of all operations: %s', (float, code) => {
    expect(nanOf(float, code)).toEqual({ results: float === 'f32' ? `${0x7fc00000}` : `${0x7ff8000000000000n}` });
  });

  test('what only moves bits keeps them, and numbers are what they were', () => {
    expect(nanOf('f32', '(f32.neg (f32.const nan:0x400001))')).toEqual({ results: `${0xffc00001 | 0}` });
    expect(nanOf('f64', '(f64.div (f64.const 1) (f64.const -4))')).toEqual({
      results: `${0xbfd0000000000000n - 2n ** 64n}`,
    });
  });
});
