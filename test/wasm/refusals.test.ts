// What a network does not take, each with its own code and the place.
import { describe, expect, test } from 'vitest';
import { admitModule, rewriteModule } from '#machines/wasm/admission.ts';
import { FLOAT_RULES, WHOLE_RULES } from '#machines/wasm/rules.ts';
import * as limits from '#schemas/wire/limits.ts';
import { binary, bodyOf, leb, wat } from './wat.ts';

const refusal = (bytes: Uint8Array) => {
  const outcome = rewriteModule(bytes, WHOLE_RULES);
  return outcome.ok ? 'taken' : outcome.code;
};
const body = (code: string): string => `(module (memory 1 1) (table 1 funcref) (func ${code}))`;

describe('what makes runs differ, or what the pass does not know', () => {
  test.each([
    ['an import that is not listed', '(module (import "env" "now" (func (result i64))))', 'MODULE_IMPORT_UNLISTED'],
    ['an imported memory', '(module (import "env" "memory" (memory 1)))', 'MODULE_IMPORT_UNLISTED'],
    ['a listed name that is no function', '(module (import "sortition" "log" (global i32)))', 'MODULE_IMPORT_UNLISTED'],
    [
      'a listed import of another type',
      '(module (import "sortition" "log" (func (param i64))))',
      'MODULE_IMPORT_MISTYPED',
    ],
    [
      'a clock of WASI',
      '(module (import "wasi_snapshot_preview1" "clock_time_get" (func (param i32 i64 i32) (result i32))))',
      'MODULE_IMPORT_UNLISTED',
    ],
    ['a shared memory', '(module (memory 1 1 shared))', 'MODULE_THREADS'],
    ['an atomic instruction', body('(drop (i32.atomic.load (i32.const 0)))'), 'MODULE_THREADS'],
    ['a 64-bit memory', '(module (memory i64 1 1))', 'MODULE_MEMORY64'],
    ['a second memory', '(module (memory 1 1) (memory 1 1))', 'MODULE_MEMORIES'],
    ['a vector instruction', body('(drop (i32x4.splat (i32.const 0)))'), 'MODULE_SIMD'],
    [
      'a relaxed vector instruction',
      body('(drop (i8x16.relaxed_swizzle (v128.const i32x4 0 0 0 0) (v128.const i32x4 0 0 0 0)))'),
      'MODULE_SIMD',
    ],
    ['a vector as a local', body('(local v128)'), 'MODULE_SIMD'],
    ['a tag', '(module (tag $t) (func (throw $t)))', 'MODULE_EXCEPTIONS'],
    ['a try', body('(try (do) (catch_all))'), 'MODULE_EXCEPTIONS'],
    ['a struct type', '(module (type $s (struct (field i32))) (func (param (ref $s))))', 'MODULE_GC'],
    ['a small integer reference', body('(drop (ref.i31 (i32.const 0)))'), 'MODULE_GC'],
    ['a tail call', '(module (func $f (return_call $f)))', 'MODULE_TAIL_CALLS'],
    [
      'a tail call by table',
      '(module (type $t (func)) (table 1 funcref) (func (return_call_indirect (type $t) (i32.const 0))))',
      'MODULE_TAIL_CALLS',
    ],
    ['a reference from outside', '(module (func (param externref)))', 'MODULE_REFERENCE_TYPES'],
    [
      'a reference to a function',
      '(module (func $f (drop (ref.func $f))) (elem declare func $f))',
      'MODULE_PASSIVE_SEGMENTS',
    ],
    ['a second table', '(module (table 1 funcref) (table 1 funcref))', 'MODULE_REFERENCE_TYPES'],
    ['a table of references from outside', '(module (table 1 externref))', 'MODULE_REFERENCE_TYPES'],
    ['a table that grows', body('(drop (table.size 0))'), 'MODULE_REFERENCE_TYPES'],
    [
      'a passive segment',
      '(module (memory 1 1) (data $d "x") (func (memory.init $d (i32.const 0) (i32.const 0) (i32.const 1))))',
      'MODULE_PASSIVE_SEGMENTS',
    ],
    ['a float as a parameter', '(module (func (param f32)))', 'MODULE_FLOATS'],
    ['a float instruction', body('(drop (f64.add (f64.const 1) (f64.const 2)))'), 'MODULE_FLOATS'],
    ['a saturating truncation of a float', body('(drop (i32.trunc_sat_f64_s (f64.const 1)))'), 'MODULE_FLOATS'],
    ['a float as a global', '(module (global f64 (f64.const 1)))', 'MODULE_FLOATS'],
    ['a computed initial value', '(module (global i32 (i32.add (i32.const 1) (i32.const 2))))', 'MODULE_INITIALISER'],
    ['a name that the network adds', '(module (func (export "sortition:fuel")))', 'MODULE_NAME_RESERVED'],
    ['data beyond the memory', '(module (memory 1) (data (i32.const 65530) "too long"))', 'MODULE_SEGMENT_OUTSIDE'],
    [
      'functions beyond the table',
      '(module (table 1 funcref) (func $f) (elem (i32.const 1) $f))',
      'MODULE_SEGMENT_OUTSIDE',
    ],
  ])('%s', (_name, text, code) => {
    expect(refusal(wat(text))).toBe(code);
  });

  test('floats are taken in their profile, and nothing else is because of it', () => {
    const text = body('(drop (i32.trunc_sat_f64_s (f64.sqrt (f64.const 2))))');
    expect(rewriteModule(wat(text), FLOAT_RULES)).toMatchObject({ ok: true });
    expect(rewriteModule(wat('(module (func (param v128)))'), FLOAT_RULES)).toMatchObject({ code: 'MODULE_SIMD' });
  });

  test('the place is that of the instruction', () => {
    const bytes = bodyOf([0, 0x01, 0x01, 0xfd, 0x0c, 0x0b]);
    expect(rewriteModule(bytes, WHOLE_RULES)).toMatchObject({ code: 'MODULE_SIMD', at_byte: bytes.indexOf(0xfd) });
  });
});

const many = (count: number, one: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => one(i)).join('');
const FULL_FUNCTION = bodyOf([0, ...Array.from({ length: limits.MAX_MODULE_BODY_BYTES - 2 }, () => 0x01), 0x0b]);
const nested = (depth: number): Uint8Array =>
  bodyOf([
    0,
    ...Array.from({ length: depth }, () => [0x02, 0x40]).flat(),
    ...Array.from({ length: depth + 1 }, () => 0x0b),
  ]);
/** Functions that each call the next, so that all are on the stack at once. */
const chain = (length: number, locals: number): Uint8Array =>
  wat(
    `(module ${many(length, (i) => `(func $f${i} (local ${'i64 '.repeat(locals)}) ${i + 1 < length ? `(call $f${i + 1})` : ''})`)})`,
  );

describe('limits: the last that is taken, and the first that is not', () => {
  test.each([
    [
      'functions',
      wat(`(module ${many(limits.MAX_MODULE_FUNCTIONS, () => '(func)')})`),
      wat(`(module ${many(limits.MAX_MODULE_FUNCTIONS + 1, () => '(func)')})`),
      'MODULE_TOO_MANY',
    ],
    [
      'locals',
      wat(`(module (func (param i32) (local ${'i64 '.repeat(limits.MAX_MODULE_LOCALS - 1)})))`),
      wat(`(module (func (param i32) (local ${'i64 '.repeat(limits.MAX_MODULE_LOCALS)})))`),
      'MODULE_TOO_MANY',
    ],
    [
      'globals',
      wat(`(module ${many(limits.MAX_MODULE_GLOBALS, () => '(global i32 (i32.const 0))')})`),
      wat(`(module ${many(limits.MAX_MODULE_GLOBALS + 1, () => '(global i32 (i32.const 0))')})`),
      'MODULE_TOO_MANY',
    ],
    [
      'exports',
      wat(`(module (func $f) ${many(limits.MAX_MODULE_EXPORTS, (i) => `(export "${i}" (func $f))`)})`),
      wat(`(module (func $f) ${many(limits.MAX_MODULE_EXPORTS + 1, (i) => `(export "${i}" (func $f))`)})`),
      'MODULE_TOO_MANY',
    ],
    [
      'bytes of a body',
      FULL_FUNCTION,
      bodyOf([0, ...Array.from({ length: limits.MAX_MODULE_BODY_BYTES - 1 }, () => 0x01), 0x0b]),
      'MODULE_BODY_TOO_LARGE',
    ],
    [
      'blocks inside each other',
      nested(limits.MAX_MODULE_NESTING - 1),
      nested(limits.MAX_MODULE_NESTING),
      'MODULE_TOO_DEEP',
    ],
    [
      'elements of the table',
      wat(`(module (table ${limits.MAX_MODULE_TABLE} funcref))`),
      wat(`(module (table ${limits.MAX_MODULE_TABLE + 1} funcref))`),
      'MODULE_TABLE_TOO_LARGE',
    ],
    [
      'pages of memory',
      wat(`(module (memory ${limits.MAX_MODULE_MEMORY_PAGES}))`),
      wat(`(module (memory ${limits.MAX_MODULE_MEMORY_PAGES + 1}))`),
      'MODULE_MEMORY_TOO_LARGE',
    ],
    ['stack of calls without recursion', chain(32, 1_000), chain(33, 1_000), 'MODULE_STACK_TOO_DEEP'],
  ])('%s', (_name, last, first, code) => {
    expect(refusal(last)).toBe('taken');
    expect(refusal(first)).toBe(code);
  });

  test('bytes of the module, counted before anything else', () => {
    const padded = (size: number): Uint8Array => {
      const empty = binary();
      const content = size - empty.length - 1 - leb(size).length;
      return new Uint8Array(Buffer.concat([empty, Uint8Array.of(0, ...leb(content)), new Uint8Array(content)]));
    };
    expect(refusal(padded(limits.MAX_MODULE_BYTES))).toBe('taken');
    expect(refusal(padded(limits.MAX_MODULE_BYTES + 1))).toBe('MODULE_TOO_LARGE');
    expect(refusal(new Uint8Array(8 * 1_048_576))).toBe('MODULE_TOO_LARGE');
  });
});

const PAGES = '(memory (export "memory") 1)';
describe('a task needs an entry', () => {
  test.each([
    [
      'a function over bytes',
      `(module ${PAGES} (func (export "alloc") (param i32) (result i32) (i32.const 0)) (func (export "run") (param i32 i32) (result i64) (i64.const 0)))`,
      'run',
    ],
    ['a WASI command', `(module ${PAGES} (func (export "_start")))`, '_start'],
  ])('%s', (_name, text, entry) => {
    expect(admitModule(wat(text), WHOLE_RULES)).toMatchObject({ ok: true, value: { entry } });
  });

  test.each([
    ['nothing', '(module)'],
    ['no memory', '(module (func (export "_start")))'],
    ['run without alloc', `(module ${PAGES} (func (export "run") (param i32 i32) (result i64) (i64.const 0)))`],
    ['an entry of another type', `(module ${PAGES} (func (export "_start") (param i32)))`],
    ['an entry that is no function', `(module ${PAGES} (global (export "_start") i32 (i32.const 0)))`],
  ])('%s', (_name, text) => {
    expect(admitModule(wat(text), WHOLE_RULES)).toMatchObject({ ok: false, code: 'MODULE_ENTRY_MISSING' });
  });
});
