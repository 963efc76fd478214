// Modules made to hurt the pass: whatever comes, it answers with a module or a refusal, and what it takes the engine takes too.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rewriteModule } from '#machines/wasm/admission.ts';
import { FLOAT_RULES, WHOLE_RULES } from '#machines/wasm/rules.ts';
import { CODES } from '#schemas/wire/codes.ts';
import { MAX_MODULE_BODY_BYTES, MAX_MODULE_MEMORY_PAGES, MAX_MODULE_NESTING } from '#schemas/wire/limits.ts';
import { instantiate, metered } from './running.ts';
import { binary, bodyOf, leb, wat } from './wat.ts';

/** One module with a bit of everything that is taken. */
const VARIED = wat(`(module
  (type $t (func (param i32) (result i32)))
  (import "sortition" "log" (func $log (param i32 i32)))
  (memory (export "memory") 1 4) (table 2 funcref) (elem (i32.const 0) $a $b) (data (i32.const 8) "hello")
  (global $g (mut i64) (i64.const -7)) (start $s)
  (func $s (global.set $g (i64.const 9)))
  (func $a (type $t) (local i64) (loop $l (result i32) (br_if $l (local.tee 0 (i32.div_u (local.get 0) (i32.const 3)))) (f64.store (i32.const 16) (f64.sqrt (f64.const 2))) (local.get 0)))
  (func $b (export "b") (type $t) (block $x (block $y (br_table $x $y (local.get 0))) (memory.fill (i32.const 0) (i32.const 1) (i32.const 9)))
    (drop (memory.grow (i32.const 1))) (if (result i32) (local.get 0) (then (call_indirect (type $t) (i32.const 1) (i32.const 0))) (else (call $a (memory.size)))))
  (func (export "c") (param i64) (result i64) (i64.extend8_s (i64.rem_s (local.get 0) (i64.load offset=4 (i32.const 8))))))`);

/** What is wrong with the answer: a refusal names a code and a place inside, and what is valid stays so. */
function wrong(bytes: Uint8Array<ArrayBuffer>): string | undefined {
  const outcome = rewriteModule(bytes, FLOAT_RULES);
  if (!outcome.ok) {
    const { code, at_byte } = outcome;
    return code in CODES && at_byte >= 0 && at_byte <= bytes.length ? undefined : `${code} at ${at_byte}`;
  }
  const isBroken = WebAssembly.validate(bytes) && !WebAssembly.validate(outcome.value.bytes);
  return isBroken ? `broken: ${Buffer.from(bytes).toString('hex')}` : undefined;
}

describe('bytes that were changed', () => {
  test('the module as it is passes', () => {
    expect(rewriteModule(VARIED, FLOAT_RULES)).toMatchObject({ ok: true });
  });

  test('any single byte, to any value of a few', () => {
    const values = (at: number): number[] => [0x00, 0x01, 0x0b, 0x40, 0x7f, 0x80, 0xfc, 0xff, (VARIED[at] ?? 0) ^ 1];
    const all = Array.from(VARIED, (_byte, at) => values(at).map((value) => wrong(VARIED.with(at, value))));
    expect(all.flat().filter(Boolean)).toEqual([]);
  });

  test('cut at any place', () => {
    const all = Array.from(VARIED, (_byte, size) => wrong(VARIED.slice(0, size)));
    expect(all.filter(Boolean)).toEqual([]);
  });

  test('several bytes, and stretches put in or taken out', () => {
    const place = fc.nat(VARIED.length);
    const change = fc.tuple(place, fc.uint8Array({ maxLength: 6 }), fc.nat(6));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
        let bytes = [...VARIED];
        for (const [at, put, taken] of changes) bytes = bytes.toSpliced(at, taken, ...put);
        expect(wrong(Uint8Array.from(bytes))).toBeUndefined();
      }),
      { numRuns: 3_000 },
    );
  });

  test('noise behind a header', () => {
    const header = VARIED.subarray(0, 8);
    const isAnswered = (noise: Uint8Array): void => {
      expect(wrong(Uint8Array.from([...header, ...noise]))).toBeUndefined();
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), isAnswered));
  });
});

const HUGE = [0xff, 0xff, 0xff, 0xff, 0x0f];
describe('small files with huge claims', () => {
  test.each([
    ['types', binary([1, HUGE])],
    ['parameters', binary([1, [1, 0x60, ...HUGE, 0]])],
    ['imports', binary([2, HUGE])],
    ['characters of a name', binary([2, [1, ...HUGE]])],
    ['functions', binary([1, [1, 0x60, 0, 0]], [3, HUGE])],
    ['globals', binary([6, HUGE])],
    ['exports', binary([7, HUGE])],
    ['segments', binary([9, HUGE])],
    ['bytes of data', binary([5, [1, 0, 1]], [11, [1, 0, 0x41, 0, 0x0b, ...HUGE]])],
    ['functions in a segment', binary([4, [1, 0x70, 0, 1]], [9, [1, 0, 0x41, 0, 0x0b, ...HUGE]])],
    ['bodies', binary([10, HUGE])],
    ['bytes of a body', binary([1, [1, 0x60, 0, 0]], [3, [1, 0]], [10, [1, ...HUGE]])],
    ['groups of locals', bodyOf([...HUGE, 0x0b])],
    ['targets of a br_table', bodyOf([0, 0x41, 0, 0x0e, ...HUGE, 0, 0x0b])],
    ['bytes of a section', Uint8Array.from([...binary(), 1, ...HUGE])],
    ['bytes of a section of notes', Uint8Array.from([...binary(), 0, ...HUGE])],
  ])('%s', (_name, bytes) => {
    expect(rewriteModule(bytes, WHOLE_RULES)).toMatchObject({
      ok: false,
      code: expect.stringMatching(/^MODULE_(MALFORMED|TOO_MANY)$/),
    });
  });

  test.each([
    ['locals', bodyOf([1, ...HUGE, 0x7f, 0x0b]), 'MODULE_TOO_MANY'],
    ['locals in groups whose sum passes 2^32', bodyOf([2, ...HUGE, 0x7f, ...HUGE, 0x7f, 0x0b]), 'MODULE_TOO_MANY'],
    ['elements of a table', binary([4, [1, 0x70, 0, ...HUGE]]), 'MODULE_TABLE_TOO_LARGE'],
    ['pages of memory', binary([5, [1, 0, ...HUGE]]), 'MODULE_MEMORY_TOO_LARGE'],
  ])('%s', (_name, bytes, code) => {
    expect(rewriteModule(bytes, WHOLE_RULES)).toMatchObject({ ok: false, code });
  });

  test('a memory that may grow to 4 GiB is cut to the limit', () => {
    const bytes = wat('(module (memory (export "memory") 0 65536) (func (drop (memory.grow (i32.const 1)))))');
    expect(rewriteModule(bytes, WHOLE_RULES)).toMatchObject({
      value: { memory: { initial_pages: 0, pages: MAX_MODULE_MEMORY_PAGES } },
    });
  });
});

describe('numbers that are not written as they must be', () => {
  const version = (count: readonly number[]): Uint8Array => binary([1, count]);
  test.each([
    ['padding within five bytes is taken', version([0x80, 0x80, 0x80, 0x80, 0x00]), true],
    ['six bytes are not', version([0x80, 0x80, 0x80, 0x80, 0x80, 0x00]), false],
    ['nor bits beyond the 32nd', version([0x80, 0x80, 0x80, 0x80, 0x10]), false],
    ['a negative number ends in its sign', bodyOf([0, 0x41, 0xff, 0xff, 0xff, 0xff, 0x7f, 0x1a, 0x0b]), true],
    ['and in nothing else', bodyOf([0, 0x41, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x1a, 0x0b]), false],
    [
      'also one of 64 bits',
      bodyOf([0, 0x42, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f, 0x1a, 0x0b]),
      true,
    ],
    [
      'whose tenth byte has one bit',
      bodyOf([0, 0x42, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02, 0x1a, 0x0b]),
      false,
    ],
  ])('%s', (_name, bytes, isTaken) => {
    expect(rewriteModule(bytes, WHOLE_RULES).ok).toBe(isTaken);
    expect(WebAssembly.validate(new Uint8Array(bytes))).toBe(isTaken);
  });
});

const repeated = (times: number, ...code: readonly number[]): number[] =>
  Array.from({ length: times }, () => code).flat();
describe('code made to be slow', () => {
  test('blocks as deep as a body has room for are refused, not recursed into', () => {
    for (const opener of [0x02, 0x03]) {
      const depth = 20_000;
      const bytes = bodyOf([0, ...repeated(depth, opener, 0x40), ...repeated(depth + 1, 0x0b)]);
      expect(rewriteModule(bytes, WHOLE_RULES)).toMatchObject({ code: 'MODULE_TOO_DEEP' });
    }
  });

  test('loops as deep as allowed run, and pay at each', () => {
    const depth = MAX_MODULE_NESTING - 1;
    const running = instantiate(
      metered(bodyOf([0, ...repeated(depth, 0x03, 0x40), ...repeated(depth + 1, 0x0b)])),
      [],
      BigInt(depth + 1),
    );
    expect(running.call('f')).toEqual({ results: 'undefined' });
    expect(running.fuel).toBe(0n);
  });

  test('a br_table as long as a body has room for', () => {
    const targets = MAX_MODULE_BODY_BYTES - 20;
    const depth = 100;
    const table = [
      ...repeated(depth, 0x02, 0x40),
      0x41,
      0,
      0x0e,
      ...leb(targets - 4 * depth),
      ...repeated(targets - 4 * depth + 1, depth - 1),
      ...repeated(depth + 1, 0x0b),
    ];
    const bytes = bodyOf([0, ...table]);
    expect(WebAssembly.validate(bytes)).toBe(true);
    expect(instantiate(metered(bytes)).call('f')).toEqual({ results: 'undefined' });
  });

  test('as many small loops as a body has room for', () => {
    const bytes = bodyOf([0, ...repeated(20_000, 0x03, 0x40, 0x0b), 0x0b]);
    const running = instantiate(metered(bytes), [], 20_001n);
    expect(running.call('f')).toEqual({ results: 'undefined' });
    expect(running.fuel).toBe(0n);
  });

  test('a call graph in which everything may call everything', () => {
    const count = 4_000;
    const functions = Array.from(
      { length: count },
      (_, i) => `(func $f${i} (type $t) (call_indirect (type $t) (i32.const 0)) (call $f${(i * 7) % count}))`,
    ).join('');
    const elements = Array.from({ length: count }, (_, i) => `$f${i}`).join(' ');
    const bytes = wat(
      `(module (type $t (func)) (table ${count} funcref) (elem (i32.const 0) ${elements}) ${functions} (export "f" (func $f0)))`,
    );
    const running = instantiate(metered(bytes));
    expect(running.call('f')).toEqual({ trap: 'unreachable' });
    expect(running.stack).toBeLessThan(0n);
  });
});
