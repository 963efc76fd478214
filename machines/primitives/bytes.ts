// Comparing bytes, and writing numbers and hex into a buffer that is used again and again: small ones cost more to make than to fill.
import { assert } from './assert.ts';

/** Same length and same bytes. Not for secrets: it stops at the first difference. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Four bytes, big-endian. @param value 0 … 2^32 − 1 */
export function writeU32(out: Uint8Array, at: number, value: number): void {
  out[at] = value >>> 24;
  out[at + 1] = value >>> 16;
  out[at + 2] = value >>> 8;
  out[at + 3] = value;
}

/** Four bytes, big-endian. */
export const readU32 = (bytes: Uint8Array, at: number): number =>
  (((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)) >>>
  0;

/** The bytes that `length` lower-case hex digits of `text` name, from its first. */
export function writeHex(out: Uint8Array, at: number, text: string, length: number = text.length): void {
  for (let i = 0; i < length; i += 2)
    out[at + (i >> 1)] = (digit(text.charCodeAt(i)) << 4) | digit(text.charCodeAt(i + 1));
}

/** '0' is 48, 'a' is 97. */
const digit = (code: number): number => (code < 58 ? code - 48 : code - 87);

/** Bytes of a fixed length at their place. A shorter part would leave there what the buffer held before. */
export function writeFixed(out: Uint8Array, at: number, part: Uint8Array, length: number): void {
  assert(part.length === length, 'a part of fixed length has that length');
  out.set(part, at);
}

/** One byte a character: ids, numbers and names are ASCII. */
export function asciiBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
