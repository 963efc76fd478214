// Fuel and stack: who pays what, and that what runs out stops at the same place each time, told apart from other traps.
import { describe, expect, test } from 'vitest';
import { rewriteModule } from '#machines/wasm/admission.ts';
import { WHOLE_RULES } from '#machines/wasm/rules.ts';
import { MODULE_STACK_SLOTS } from '#schemas/wire/limits.ts';
import { instantiate, metered, PLENTY, type Running } from './running.ts';
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

/** Each function calls itself, or another way back, for ever, and counts how deep it got. */
const DEEPER = '(global.set $n (i32.add (global.get $n) (i32.const 1)))';
const COUNTER = '(global $n (export "n") (mut i32) (i32.const 0))';
const RECURSIONS: readonly (readonly [name: string, text: string])[] = [
  ['itself', `(module ${COUNTER} (func $f (export "f") ${DEEPER} (call $f)))`],
  [
    'in a ring',
    `(module ${COUNTER} (func $f (export "f") ${DEEPER} (call $g)) (func $g (call $h)) (func $h (call $f)))`,
  ],
  [
    'by table',
    `(module ${COUNTER} (type $t (func)) (table 1 funcref) (elem (i32.const 0) $f) (func $f (export "f") ${DEEPER} (call_indirect (type $t) (i32.const 0))))`,
  ],
  [
    'in and out of the table',
    `(module ${COUNTER} (type $t (func)) (table 1 funcref) (elem (i32.const 0) $g) (func $f (export "f") ${DEEPER} (call_indirect (type $t) (i32.const 0))) (func $g (call $f)))`,
  ],
  ['with many locals', `(module ${COUNTER} (func $f (export "f") (local ${'i64 '.repeat(900)}) ${DEEPER} (call $f)))`],
  [
    'with many operands',
    `(module ${COUNTER} (func $f (export "f") (result i32) ${DEEPER} ${'(i32.const 7) '.repeat(500)} (call $f) ${'(i32.add) '.repeat(500)}))`,
  ],
];

describe('stack', () => {
  test.each(RECURSIONS)(
    'recursion without end, %s, stops at the same depth before the engine’s own limit',
    (_name, text) => {
      const bytes = metered(wat(text));
      // The second round runs what the engine has compiled better meanwhile, with frames of another size.
      const rounds = Array.from({ length: 2 }, () =>
        Array.from({ length: 40 }, () => {
          const running = instantiate(bytes);
          return { outcome: running.call('f'), stack: running.stack, globals: running.state().globals };
        }),
      ).flat();
      expect(
        new Set(
          rounds.map((round) =>
            JSON.stringify(round, (_key, value) => (typeof value === 'bigint' ? `${value}` : value)),
          ),
        ).size,
      ).toBe(1);
      expect(rounds[0]).toMatchObject({ outcome: { trap: 'unreachable' } });
      expect(rounds[0]?.stack).toBeLessThan(0n);
    },
  );

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

  test('equal bytes in, equal bytes out', () => {
    const bytes = wat(RECURSIONS[3]?.[1] ?? '');
    expect(metered(bytes)).toEqual(metered(bytes.slice()));
  });
});
