// A strict reader of the MessagePack subset that the network speaks (msgpack spec, 2021-08). Bad input makes it fail, never throw.
// Why not the library's decoder: it allocates what a length claims before looking, builds dates, errors and regular expressions
// from extension types, lets the last of two equal keys win, and recurses as deep as the input says.
import { interned, type KnownTexts } from './interned.ts';
import { MAX_MESSAGE_DEPTH } from './limits.ts';
import { utf8 } from './utf8.ts';

/** What a message may hold. Whole numbers only: bigint for amounts, safe integers for the rest. */
export type Wire =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly Wire[]
  | { readonly [key: string]: Wire };

const EMPTY = new Uint8Array(0);
const FLOAT64 = 0xcb;

/**
 * Reads one value after the other. Once something is wrong it stays failed and answers neutral values, so that callers
 * check `isDone` once at the end. Every declared length is compared with the bytes left before anything is allocated.
 */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  #hasFailed = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** All bytes were read and all were right. */
  get isDone(): boolean {
    return !this.#hasFailed && this.#at === this.#bytes.length;
  }

  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** Where it stands, or where it failed; bytes from the start. */
  get position(): number {
    return this.#at;
  }

  /** Whether these bytes come next: to look before reading. */
  isNext(expected: Uint8Array): boolean {
    return expected.every((byte, i) => this.#bytes[this.#at + i] === byte);
  }

  /** Header of an array: its length; each element takes at least a byte, so more than the bytes left is a lie. */
  array(): number {
    const b = this.#byte();
    if (b >= 0x90 && b <= 0x9f) return this.#count(b & 0x0f, 1);
    if (b === 0xdc) return this.#count(this.#unsigned(2), 1);
    return b === 0xdd ? this.#count(this.#unsigned(4), 1) : this.#fail(0);
  }

  /** UTF-8 text of at most `max` bytes. */
  string(max: number): string {
    const length = this.#stringLength(this.#byte());
    return length > max ? this.#fail('') : this.#text(length);
  }

  /** Text of a kind. */
  textOf(kind: KnownTexts): string {
    const length = this.#stringLength(this.#byte());
    const at = this.#skip(length);
    return this.#hasFailed ? '' : (kind(this.#bytes, at, at + length) ?? this.#fail(''));
  }

  /** Exactly these bytes: the name of a field, the header of a map before it. */
  expect(expected: Uint8Array): void {
    const at = this.#skip(expected.length);
    for (let i = 0; i < expected.length; i++) if (this.#bytes[at + i] !== expected[i]) return this.#fail(undefined);
  }

  /** What was read is not what may stand there. */
  refuse<T>(neutral: T): T {
    return this.#fail(neutral);
  }

  /** Bytes, as a view into the input: no copy. */
  binary(): Uint8Array {
    const width = binaryWidth(this.#byte());
    return width === 0 ? this.#fail(EMPTY) : this.#take(this.#unsigned(width));
  }

  /** A number from 0 to 2^53 − 1. */
  whole(): number {
    const n = this.#number(this.#byte());
    return typeof n === 'number' && n >= 0 ? n : this.#fail(0);
  }

  /** Any value of the subset. */
  value(depth = 0): Wire {
    if (depth > MAX_MESSAGE_DEPTH) return this.#fail(null);
    const b = this.#byte();
    if (b <= 0x7f || b >= 0xe0) return b <= 0x7f ? b : b - 256;
    if (b <= 0x8f) return this.#map(b & 0x0f, depth);
    if (b <= 0x9f) return this.#list(b & 0x0f, depth);
    if (b <= 0xbf) return this.#text(b & 0x1f);
    if (b >= 0xc4 && b <= 0xc6) return this.#take(this.#unsigned(binaryWidth(b)));
    if (b >= 0xd9 && b <= 0xdb) return this.#text(this.#stringLength(b));
    if (b >= 0xcb && b <= 0xd3) return this.#number(b);
    return this.#rare(b, depth);
  }

  #rare(b: number, depth: number): Wire {
    if (b === 0xc0) return null;
    if (b === 0xc2 || b === 0xc3) return b === 0xc3;
    if (b === 0xdc || b === 0xdd) return this.#list(this.#unsigned(b === 0xdc ? 2 : 4), depth);
    if (b === 0xde || b === 0xdf) return this.#map(this.#unsigned(b === 0xde ? 2 : 4), depth);
    return this.#fail(null); // extension types, 32-bit floats, the unused 0xc1
  }

  #list(declared: number, depth: number): Wire[] {
    const out: Wire[] = [];
    for (let left = this.#count(declared, 1); left > 0 && !this.#hasFailed; left--) out.push(this.value(depth + 1));
    return out;
  }

  #map(declared: number, depth: number): Record<string, Wire> {
    const out: Record<string, Wire> = {};
    for (let left = this.#count(declared, 2); left > 0 && !this.#hasFailed; left--) {
      const key = this.#text(this.#stringLength(this.#byte()));
      // A second equal key would let two readers see two messages; __proto__ would not become a key of its own.
      if (key === '__proto__' || Object.hasOwn(out, key)) return this.#fail(out);
      out[key] = this.value(depth + 1);
    }
    return out;
  }

  /** Integers; 64-bit ones are bigints, since our encoder writes larger numbers as floats. A float must be such a number. */
  #number(b: number): number | bigint {
    if (b <= 0x7f || b >= 0xe0) return b <= 0x7f ? b : b - 256;
    if (b >= 0xcc && b <= 0xce) return this.#unsigned(1 << (b - 0xcc));
    if (b >= 0xd0 && b <= 0xd2) return this.#signed(1 << (b - 0xd0));
    if (b !== FLOAT64 && b !== 0xcf && b !== 0xd3) return this.#fail(0);
    const at = this.#skip(8);
    if (this.#hasFailed) return 0;
    if (b === 0xcf) return this.#view.getBigUint64(at);
    if (b === 0xd3) return this.#view.getBigInt64(at);
    const n = this.#view.getFloat64(at);
    return Number.isSafeInteger(n) && !Object.is(n, -0) ? n : this.#fail(0);
  }

  #stringLength(b: number): number {
    if (b >= 0xa0 && b <= 0xbf) return b & 0x1f;
    return b >= 0xd9 && b <= 0xdb ? this.#unsigned(1 << (b - 0xd9)) : this.#fail(0);
  }

  #text(length: number): string {
    const at = this.#skip(length);
    if (this.#hasFailed) return '';
    const end = at + length;
    return interned(this.#bytes, at, end) ?? utf8(this.#bytes.subarray(at, end)) ?? this.#fail('');
  }

  #take(length: number): Uint8Array {
    const at = this.#skip(length);
    return this.#hasFailed ? EMPTY : this.#bytes.subarray(at, at + length);
  }

  #byte(): number {
    const at = this.#skip(1);
    return this.#hasFailed ? 0 : (this.#bytes[at] ?? 0);
  }

  #unsigned(width: number): number {
    const at = this.#skip(width);
    if (this.#hasFailed) return 0;
    if (width === 1) return this.#view.getUint8(at);
    return width === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at);
  }

  #signed(width: number): number {
    const at = this.#skip(width);
    if (this.#hasFailed) return 0;
    if (width === 1) return this.#view.getInt8(at);
    return width === 2 ? this.#view.getInt16(at) : this.#view.getInt32(at);
  }

  /** A declared count of elements that take at least `size` bytes each. */
  #count(declared: number, size: number): number {
    return declared * size > this.#bytes.length - this.#at ? this.#fail(0) : declared;
  }

  #skip(width: number): number {
    const at = this.#at;
    if (this.#hasFailed || width > this.#bytes.length - at) return this.#fail(at);
    this.#at = at + width;
    return at;
  }

  #fail<T>(neutral: T): T {
    this.#hasFailed = true;
    return neutral;
  }
}

/** Bytes of the length field of a binary header; 0 where it is none. */
const binaryWidth = (b: number): number => (b >= 0xc4 && b <= 0xc6 ? 1 << (b - 0xc4) : 0);
