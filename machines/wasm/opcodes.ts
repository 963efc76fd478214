// The instructions that a module may use: what follows each, how it moves the operand stack, and what it costs in fuel.
import type { ModuleCode } from './refused.ts';

/** What follows an opcode in the binary format (§5.4). */
export type Immediate =
  | 'none'
  | 'block'
  | 'else'
  | 'end'
  | 'label'
  | 'labels'
  | 'return'
  | 'unreachable'
  | 'call'
  | 'call_indirect'
  | 'local'
  | 'global'
  | 'memory_access'
  | 'memory_size'
  | 'memory_grow'
  | 'i32'
  | 'i64'
  | 'f32'
  | 'f64';

/** One instruction. Operands of calls and blocks depend on their types, and are left out here. */
export type Instruction = {
  readonly immediate: Immediate;
  /** Operands that it takes from the stack, and leaves there. */
  readonly pop: number;
  readonly push: number;
  /** Fuel units: about one for what a processor does in one step. */
  readonly fuel: number;
  /** Part of the float profile only. */
  readonly isFloat: boolean;
  /** Its result may be a NaN whose bits differ between machines. */
  readonly nan: 'f32' | 'f64' | undefined;
};

const table: (Instruction | undefined)[] = Array.from({ length: 256 });

/** Opcodes `first` … `last`, all alike. */
function define(first: number, last: number, about: Partial<Instruction>): void {
  const plain = { immediate: 'none', pop: 0, push: 0, fuel: 1, isFloat: false, nan: undefined } as const;
  for (let opcode = first; opcode <= last; opcode++) table[opcode] = { ...plain, ...about };
}

/** A division, a square root; the slowest that a processor does. */
const SLOW = 8;

define(0x00, 0x00, { immediate: 'unreachable' });
define(0x01, 0x01, { fuel: 0 }); // nop
define(0x02, 0x03, { immediate: 'block', fuel: 0 }); // block, loop
define(0x04, 0x04, { immediate: 'block', pop: 1 }); // if
define(0x05, 0x05, { immediate: 'else', fuel: 0 });
define(0x0b, 0x0b, { immediate: 'end', fuel: 0 });
define(0x0c, 0x0c, { immediate: 'label' }); // br
define(0x0d, 0x0d, { immediate: 'label', pop: 1 }); // br_if
define(0x0e, 0x0e, { immediate: 'labels', pop: 1, fuel: 2 }); // br_table
define(0x0f, 0x0f, { immediate: 'return' });
define(0x10, 0x10, { immediate: 'call', fuel: 4 });
define(0x11, 0x11, { immediate: 'call_indirect', pop: 1, fuel: 8 });
define(0x1a, 0x1a, { pop: 1, fuel: 0 }); // drop
define(0x1b, 0x1b, { pop: 3, push: 1 }); // select
define(0x20, 0x20, { immediate: 'local', push: 1 });
define(0x21, 0x21, { immediate: 'local', pop: 1 });
define(0x22, 0x22, { immediate: 'local', pop: 1, push: 1 });
define(0x23, 0x23, { immediate: 'global', push: 1 });
define(0x24, 0x24, { immediate: 'global', pop: 1 });
define(0x28, 0x35, { immediate: 'memory_access', pop: 1, push: 1 }); // loads
define(0x36, 0x3e, { immediate: 'memory_access', pop: 2 }); // stores
define(0x3f, 0x3f, { immediate: 'memory_size', push: 1 });
define(0x40, 0x40, { immediate: 'memory_grow', pop: 1, push: 1, fuel: 16 });
define(0x41, 0x41, { immediate: 'i32', push: 1 });
define(0x42, 0x42, { immediate: 'i64', push: 1 });
define(0x45, 0x45, { pop: 1, push: 1 }); // i32.eqz
define(0x46, 0x4f, { pop: 2, push: 1 }); // comparisons
define(0x50, 0x50, { pop: 1, push: 1 }); // i64.eqz
define(0x51, 0x5a, { pop: 2, push: 1 });
define(0x67, 0x69, { pop: 1, push: 1 }); // i32.clz, ctz, popcnt
define(0x6a, 0x78, { pop: 2, push: 1 });
define(0x6d, 0x70, { pop: 2, push: 1, fuel: SLOW }); // i32.div, rem
define(0x79, 0x7b, { pop: 1, push: 1 });
define(0x7c, 0x8a, { pop: 2, push: 1 });
define(0x7f, 0x82, { pop: 2, push: 1, fuel: SLOW }); // i64.div, rem
define(0xa7, 0xa7, { pop: 1, push: 1 }); // i32.wrap_i64
define(0xac, 0xad, { pop: 1, push: 1 }); // i64.extend_i32
define(0xc0, 0xc4, { pop: 1, push: 1 }); // sign extension

const float = { isFloat: true } as const;
define(0x2a, 0x2b, { ...float, immediate: 'memory_access', pop: 1, push: 1 }); // loads
define(0x38, 0x39, { ...float, immediate: 'memory_access', pop: 2 }); // stores
define(0x43, 0x43, { ...float, immediate: 'f32', push: 1 });
define(0x44, 0x44, { ...float, immediate: 'f64', push: 1 });
define(0x5b, 0x66, { ...float, pop: 2, push: 1 }); // comparisons
define(0x8b, 0x8c, { ...float, pop: 1, push: 1 }); // f32.abs, neg: bits, also of a NaN
define(0x8d, 0x91, { ...float, pop: 1, push: 1, nan: 'f32' }); // f32.ceil … sqrt
define(0x92, 0x97, { ...float, pop: 2, push: 1, nan: 'f32' }); // f32.add … max
define(0x91, 0x91, { ...float, pop: 1, push: 1, nan: 'f32', fuel: SLOW });
define(0x95, 0x95, { ...float, pop: 2, push: 1, nan: 'f32', fuel: SLOW });
define(0x98, 0x98, { ...float, pop: 2, push: 1 }); // f32.copysign
define(0x99, 0x9a, { ...float, pop: 1, push: 1 });
define(0x9b, 0x9f, { ...float, pop: 1, push: 1, nan: 'f64' });
define(0xa0, 0xa5, { ...float, pop: 2, push: 1, nan: 'f64' });
define(0x9f, 0x9f, { ...float, pop: 1, push: 1, nan: 'f64', fuel: SLOW });
define(0xa3, 0xa3, { ...float, pop: 2, push: 1, nan: 'f64', fuel: SLOW });
define(0xa6, 0xa6, { ...float, pop: 2, push: 1 });
define(0xa8, 0xab, { ...float, pop: 1, push: 1 }); // i32.trunc
define(0xae, 0xb5, { ...float, pop: 1, push: 1 }); // i64.trunc, f32.convert
define(0xb6, 0xb6, { ...float, pop: 1, push: 1, nan: 'f32' }); // f32.demote_f64
define(0xb7, 0xba, { ...float, pop: 1, push: 1 }); // f64.convert
define(0xbb, 0xbb, { ...float, pop: 1, push: 1, nan: 'f64' }); // f64.promote_f32
define(0xbc, 0xbf, { ...float, pop: 1, push: 1 }); // reinterpretations: bits

/** Opcode → instruction; undefined where a module may not use it. */
export const INSTRUCTIONS: readonly (Instruction | undefined)[] = table;

/** Behind the prefix 0xfc. */
export const SATURATING_LAST = 0x07;
export const MEMORY_COPY = 0x0a;
export const MEMORY_FILL = 0x0b;

/** Proposals whose instructions are refused by name: opcodes `first` … `last`. */
const REFUSED: readonly (readonly [first: number, last: number, code: ModuleCode])[] = [
  [0x06, 0x0a, 'MODULE_EXCEPTIONS'],
  [0x12, 0x13, 'MODULE_TAIL_CALLS'],
  [0x14, 0x14, 'MODULE_GC'],
  [0x15, 0x15, 'MODULE_TAIL_CALLS'],
  [0x18, 0x19, 'MODULE_EXCEPTIONS'],
  [0x1c, 0x1c, 'MODULE_REFERENCE_TYPES'],
  [0x1f, 0x1f, 'MODULE_EXCEPTIONS'],
  [0x25, 0x26, 'MODULE_REFERENCE_TYPES'],
  [0xd0, 0xd2, 'MODULE_REFERENCE_TYPES'],
  [0xd3, 0xd6, 'MODULE_GC'],
  [0xfb, 0xfb, 'MODULE_GC'],
  [0xfd, 0xfd, 'MODULE_SIMD'],
  [0xfe, 0xfe, 'MODULE_THREADS'],
];

/** Why an opcode that is not listed is refused. */
export function refusalOfOpcode(opcode: number): ModuleCode {
  const found = REFUSED.find(([first, last]) => opcode >= first && opcode <= last);
  return found?.[2] ?? 'MODULE_OPCODE_UNKNOWN';
}

/** The same behind the prefix 0xfc: passive segments and table instructions. */
export function refusalOfPrefixed(opcode: number): ModuleCode {
  if (opcode === 0x08 || opcode === 0x09 || (opcode >= 0x0c && opcode <= 0x0e)) return 'MODULE_PASSIVE_SEGMENTS';
  return opcode >= 0x0f && opcode <= 0x11 ? 'MODULE_REFERENCE_TYPES' : 'MODULE_OPCODE_UNKNOWN';
}
