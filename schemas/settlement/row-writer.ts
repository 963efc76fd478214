// Writes rows as MessagePack, many into one buffer: a block changes hundreds of rows, and an allocation for each costs more than writing it.

/** What rows are made of: whole numbers, amounts, names, bytes, and lists of these. */
export type RowValue = number | bigint | string | Uint8Array | readonly RowValue[];

const FIRST_BYTES = 65_536;
/** Longest fixed part of a value: one type byte and eight more. */
const MAX_HEAD_BYTES = 9;
const ASCII_END = 0x80;

/**
 * MessagePack with one encoding for each value: the shortest form of lengths and of whole numbers below 2^32, float64 for
 * those up to 2^53 − 1 (exact), int64 for every bigint, so that numbers and amounts keep apart.
 */
export class RowWriter {
  #bytes = new Uint8Array(FIRST_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;

  /** Bytes written so far. */
  get length(): number {
    return this.#at;
  }

  /** Begin again in the same buffer. */
  restart(): void {
    this.#at = 0;
  }

  /** A copy of all that was written. */
  taken(): Uint8Array {
    return this.#bytes.slice(0, this.#at);
  }

  /** @throws RangeError for numbers that are not whole and for text that is not ASCII: rows hold neither */
  value(value: RowValue): void {
    this.#reserve(MAX_HEAD_BYTES);
    if (typeof value === 'number') this.#number(value);
    else if (typeof value === 'string') this.#text(value);
    else if (typeof value === 'bigint') this.#int64(value);
    else if (value instanceof Uint8Array) this.#binary(value);
    else {
      this.list(value.length);
      for (const one of value) this.value(one);
    }
  }

  /** Head of a list; its values follow, one by one. */
  list(length: number): void {
    this.#reserve(MAX_HEAD_BYTES);
    if (length < 16) this.#u8(0x90 | length);
    else this.#head(0xdc, 2, length);
  }

  #number(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`a row holds whole numbers, not ${value}`);
    if (value < 0x80) this.#u8(value);
    else if (value < 0x100) this.#head(0xcc, 1, value);
    else if (value < 0x1_0000) this.#head(0xcd, 2, value);
    else if (value < 0x1_0000_0000) this.#head(0xce, 4, value);
    else {
      this.#u8(0xcb);
      this.#view.setFloat64(this.#at, value);
      this.#at += 8;
    }
  }

  #int64(value: bigint): void {
    this.#u8(0xd3);
    this.#view.setBigInt64(this.#at, value);
    this.#at += 8;
  }

  #text(value: string): void {
    const { length } = value;
    if (length < 32) this.#u8(0xa0 | length);
    else if (length < 0x100) this.#head(0xd9, 1, length);
    else this.#head(0xda, 2, length);
    this.#reserve(length);
    const bytes = this.#bytes;
    const start = this.#at;
    let bits = 0;
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      bytes[start + i] = code;
      bits |= code;
    }
    if (bits >= ASCII_END) throw new RangeError('a row holds ASCII names');
    this.#at = start + length;
  }

  #binary(value: Uint8Array): void {
    const { length } = value;
    if (length < 0x100) this.#head(0xc4, 1, length);
    else if (length < 0x1_0000) this.#head(0xc5, 2, length);
    else this.#head(0xc6, 4, length);
    this.#reserve(length);
    this.#bytes.set(value, this.#at);
    this.#at += length;
  }

  #head(type: number, size: 1 | 2 | 4, value: number): void {
    this.#u8(type);
    if (size === 1) this.#view.setUint8(this.#at, value);
    else if (size === 2) this.#view.setUint16(this.#at, value);
    else this.#view.setUint32(this.#at, value);
    this.#at += size;
  }

  #u8(value: number): void {
    this.#bytes[this.#at++] = value;
  }

  #reserve(count: number): void {
    if (this.#at + count <= this.#bytes.length) return;
    const grown = new Uint8Array(2 * (this.#at + count));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
