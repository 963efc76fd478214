// Fixed binary layouts: big-endian numbers, no lengths that lie. The writer trusts its caller, the reader trusts nobody.
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';

/** Bytes of a hash, a chain id or a block id. */
export const HASH_BYTES = 32;
const TWO_POW_32 = 0x1_0000_0000;
/** Nil on the wire; no block hashes to it. */
const ZERO_HASH = '0'.repeat(64);

/** Writes fields one after the other into `size` bytes, known beforehand. */
export class LayoutWriter {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
    this.#view = new DataView(this.bytes.buffer);
  }

  u8(value: number): this {
    this.#view.setUint8(this.#skip(1), value);
    return this;
  }

  u16(value: number): this {
    this.#view.setUint16(this.#skip(2), value);
    return this;
  }

  u32(value: number): this {
    this.#view.setUint32(this.#skip(4), value);
    return this;
  }

  i32(value: number): this {
    this.#view.setInt32(this.#skip(4), value);
    return this;
  }

  /** A whole number below 2^53. */
  u64(value: number): this {
    return this.u32(Math.floor(value / TWO_POW_32)).u32(value % TWO_POW_32);
  }

  /** Raw bytes, as many as there are. */
  raw(value: Uint8Array): this {
    this.bytes.set(value, this.#skip(value.length));
    return this;
  }

  /** 32 bytes from hex. */
  hash(hex: string): this {
    return this.raw(hexToBytes(hex));
  }

  /** A block id, or zeros for nil. */
  value(hex: string | null): this {
    return hex === null ? this.#zeros(HASH_BYTES) : this.hash(hex);
  }

  /** u32 length | bytes. */
  sized(value: Uint8Array): this {
    return this.u32(value.length).raw(value);
  }

  #zeros(count: number): this {
    this.#skip(count);
    return this;
  }

  #skip(count: number): number {
    const at = this.#at;
    this.#at += count;
    return at;
  }
}

/** Reads what `LayoutWriter` wrote. Once something is wrong it stays failed and answers neutral values: check `isDone` at the end. */
export class LayoutReader {
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

  u8(): number {
    return this.#has(1) ? this.#view.getUint8(this.#at++) : 0;
  }

  u16(): number {
    return this.#has(2) ? this.#view.getUint16(this.#skip(2)) : 0;
  }

  u32(): number {
    return this.#has(4) ? this.#view.getUint32(this.#skip(4)) : 0;
  }

  i32(): number {
    return this.#has(4) ? this.#view.getInt32(this.#skip(4)) : 0;
  }

  /** Fails above 2^53 − 1. */
  u64(): number {
    const high = this.u32();
    const low = this.u32();
    if (high >= 0x20_0000) this.fail();
    return high * TWO_POW_32 + low;
  }

  /** A view into the input: no copy. */
  raw(count: number): Uint8Array {
    if (!this.#has(count)) return this.#bytes.subarray(0, 0);
    const at = this.#skip(count);
    return this.#bytes.subarray(at, at + count);
  }

  hash(): string {
    return bytesToHex(this.raw(HASH_BYTES));
  }

  value(): string | null {
    const hex = this.hash();
    return hex === ZERO_HASH ? null : hex;
  }

  /** u32 length | bytes, at most `max`. */
  sized(max: number): Uint8Array {
    const length = this.u32();
    if (length > max) this.fail();
    return this.raw(length);
  }

  fail(): void {
    this.#hasFailed = true;
  }

  #has(count: number): boolean {
    if (this.#hasFailed || count > this.#bytes.length - this.#at) this.#hasFailed = true;
    return !this.#hasFailed;
  }

  #skip(count: number): number {
    const at = this.#at;
    this.#at += count;
    return at;
  }
}
