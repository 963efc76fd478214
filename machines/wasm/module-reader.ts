// Reads the binary format of WebAssembly (core specification §5), strictly: what does not fit its bounds is refused where it stands.
import { utf8 } from '#schemas/wire/utf8.ts';
import { Refused, require } from './refused.ts';

export class ModuleReader {
  readonly bytes: Uint8Array;
  /** Where it must stop, bytes from the start of the module. */
  readonly end: number;
  #at: number;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.#at = at;
    this.end = end;
  }

  /** Where it stands, bytes from the start of the module. */
  get at(): number {
    return this.#at;
  }

  get isDone(): boolean {
    return this.#at === this.end;
  }

  /** The next byte, not taken; −1 at the end. */
  peek(): number {
    return this.#at < this.end ? (this.bytes[this.#at] as number) : -1;
  }

  byte(): number {
    require(this.#at < this.end, 'MODULE_MALFORMED', this.#at, 'it ends too early');
    return this.bytes[this.#at++] as number;
  }

  skip(size: number): void {
    require(size <= this.end - this.#at, 'MODULE_MALFORMED', this.#at, `${size} bytes are claimed, fewer are left`);
    this.#at += size;
  }

  /** A reader of the next `size` bytes, which this one steps over. */
  part(size: number): ModuleReader {
    const start = this.#at;
    this.skip(size);
    return new ModuleReader(this.bytes, start, this.#at);
  }

  /** Unsigned LEB128 of 32 bits (§5.2.2): at most five bytes, and no bit beyond the 32nd. Padding is allowed, linkers leave it. */
  u32(): number {
    const start = this.#at;
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80 && value <= 0xffff_ffff) return value;
      if (byte < 0x80) break;
    }
    throw new Refused('MODULE_MALFORMED', start, 'a number does not fit 32 bits');
  }

  /** Signed LEB128: as many bytes as the bits need, and the unused bits of the last one repeat the sign. Exact up to 53 bits. */
  signed(bits: 32 | 33 | 64): number {
    const start = this.#at;
    let value = 0;
    for (let shift = 0; shift < bits; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte >= 0x80) continue;
      const unused = (byte & 0x7f) >> Math.min(bits - shift - 1, 6);
      if (unused !== 0 && unused !== 0x7f >> Math.min(bits - shift - 1, 6)) break;
      return (byte & 0x40) === 0 ? value : value - 2 ** (shift + 7);
    }
    throw new Refused('MODULE_MALFORMED', start, `a number does not fit ${bits} bits`);
  }

  /** Length of a vector, each element of at least one byte: more than the bytes left is a lie. */
  count(): number {
    const start = this.#at;
    const count = this.u32();
    require(count <=
      this.end - this.#at, 'MODULE_MALFORMED', start, `${count} elements are claimed, fewer bytes are left`);
    return count;
  }

  /** Length of a vector that may have at most `max` elements. */
  atMost(max: number, what: string): number {
    const start = this.#at;
    const count = this.count();
    require(count <= max, 'MODULE_TOO_MANY', start, `${count} ${what}, at most ${max}`);
    return count;
  }

  name(): string {
    const part = this.part(this.count());
    const text = utf8(this.bytes.subarray(part.at, part.end));
    if (text === undefined) throw new Refused('MODULE_MALFORMED', part.at, 'a name is not UTF-8');
    return text;
  }
}
