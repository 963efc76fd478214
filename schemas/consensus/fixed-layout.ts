// Fixed binary layouts: big-endian numbers, no lengths that lie. The writer trusts its caller, the reader trusts nobody.
import { bytesToHex } from '@noble/hashes/utils.js';

/** Bytes of a hash, a chain id or a block id. */
export const HASH_BYTES = 32;
const TWO_POW_32 = 0x1_0000_0000;
/** Nil on the wire; no block hashes to it. */
const ZERO_HASH = '0'.repeat(64);

/** Small layouts share a buffer, as Node's own do: one buffer each would cost more than all that is written into it. */
const SLAB_BYTES = 32_768;
const MAX_SHARED_BYTES = 512;
let slab = new Uint8Array(SLAB_BYTES);
let slabUsed = 0;

/** Zeros, nowhere else in use. */
function zeros(size: number): Uint8Array {
  if (size > MAX_SHARED_BYTES) return new Uint8Array(size);
  if (slabUsed + size > SLAB_BYTES) {
    slab = new Uint8Array(SLAB_BYTES);
    slabUsed = 0;
  }
  slabUsed += size;
  return slab.subarray(slabUsed - size, slabUsed);
}

/** Value of a hex digit by its character code; 255 for all others. */
const NIBBLES = Uint8Array.from({ length: 128 }, (_, code) => {
  const nibble = Number.parseInt(String.fromCharCode(code), 16);
  return Number.isNaN(nibble) ? 255 : nibble;
});

/** The hash written last: the votes of a round repeat their block's. */
let latestHex: string | undefined;
const latestHash = new Uint8Array(HASH_BYTES);

/** Its bytes, until the next call. */
function hashBytes(hex: string): Uint8Array {
  if (hex === latestHex) return latestHash;
  latestHex = undefined;
  let all = hex.length === 2 * HASH_BYTES ? 0 : 255;
  for (let i = 0; i < HASH_BYTES; i++) {
    const high = NIBBLES[hex.charCodeAt(2 * i)] ?? 255;
    const low = NIBBLES[hex.charCodeAt(2 * i + 1)] ?? 255;
    all |= high | low;
    latestHash[i] = (high << 4) | low;
  }
  if (all > 15) throw new RangeError(`${hex} is not ${HASH_BYTES} bytes in hex`);
  latestHex = hex;
  return latestHash;
}

/** Writes fields one after the other into `size` bytes, known beforehand. */
export class LayoutWriter {
  readonly bytes: Uint8Array;
  #at = 0;

  constructor(size: number) {
    this.bytes = zeros(size);
  }

  u8(value: number): this {
    this.bytes[this.#at++] = value;
    return this;
  }

  u16(value: number): this {
    this.bytes[this.#at++] = value >>> 8;
    this.bytes[this.#at++] = value;
    return this;
  }

  u32(value: number): this {
    const { bytes } = this;
    const at = this.#at;
    bytes[at] = value >>> 24;
    bytes[at + 1] = value >>> 16;
    bytes[at + 2] = value >>> 8;
    bytes[at + 3] = value;
    this.#at = at + 4;
    return this;
  }

  i32(value: number): this {
    return this.u32(value);
  }

  /** A whole number below 2^53. */
  u64(value: number): this {
    return this.u32(Math.floor(value / TWO_POW_32)).u32(value);
  }

  /** Raw bytes, as many as there are. */
  raw(value: Uint8Array): this {
    this.bytes.set(value, this.#at);
    this.#at += value.length;
    return this;
  }

  /** 32 bytes from hex. @throws RangeError where it is none */
  hash(hex: string): this {
    return this.raw(hashBytes(hex));
  }

  /** A block id, or zeros for nil. */
  value(hex: string | null): this {
    return hex === null ? this.skip(HASH_BYTES) : this.hash(hex);
  }

  /** u32 length | bytes. */
  sized(value: Uint8Array): this {
    return this.u32(value.length).raw(value);
  }

  /** Leave zeros. */
  skip(count: number): this {
    this.#at += count;
    return this;
  }

  /** Go back to the beginning, to what was skipped. */
  rewind(): this {
    this.#at = 0;
    return this;
  }
}

/** Reads what `LayoutWriter` wrote. Once something is wrong it stays failed and answers neutral values: check `isDone` at the end. */
export class LayoutReader {
  readonly #bytes: Uint8Array;
  #at = 0;
  #hasFailed = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** All bytes were read and all were right. */
  get isDone(): boolean {
    return !this.#hasFailed && this.#at === this.#bytes.length;
  }

  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  u8(): number {
    return this.#has(1) ? this.#byte() : 0;
  }

  u16(): number {
    return this.#has(2) ? (this.#byte() << 8) | this.#byte() : 0;
  }

  u32(): number {
    return this.i32() >>> 0;
  }

  i32(): number {
    if (!this.#has(4)) return 0;
    return (this.#byte() << 24) | (this.#byte() << 16) | (this.#byte() << 8) | this.#byte();
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
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
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

  /** The next byte; it is there. */
  #byte(): number {
    return this.#bytes[this.#at++] as number;
  }
}
