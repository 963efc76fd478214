// The types of values that a module may use: whole numbers, and floats in their profile.
import type { ModuleReader } from './module-reader.ts';
import { type ModuleCode, Refused } from './refused.ts';
import type { ModuleRules } from './types.ts';

const REFUSED: Readonly<Record<number, ModuleCode>> = {
  123: 'MODULE_SIMD', // v128
  112: 'MODULE_REFERENCE_TYPES', // funcref
  111: 'MODULE_REFERENCE_TYPES', // externref
  105: 'MODULE_EXCEPTIONS', // exnref
  116: 'MODULE_EXCEPTIONS', // nullexnref
};

/** A type by one byte (§5.3.1). @throws Refused unless the rules take it */
export function valueType(reader: ModuleReader, { hasFloats }: ModuleRules): string {
  const at = reader.at;
  const byte = reader.byte();
  if (byte === 0x7f) return 'i32';
  if (byte === 0x7e) return 'i64';
  if (byte === 0x7d || byte === 0x7c) {
    if (hasFloats) return byte === 0x7d ? 'f32' : 'f64';
    throw new Refused('MODULE_FLOATS', at, 'a type of floats');
  }
  const isReference = byte >= 0x63 && byte <= 0x74;
  throw new Refused(
    REFUSED[byte] ?? (isReference ? 'MODULE_GC' : 'MODULE_MALFORMED'),
    at,
    `type 0x${byte.toString(16)}`,
  );
}
