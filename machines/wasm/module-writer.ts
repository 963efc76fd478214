// Writes the binary format of WebAssembly: bytes that grow, and numbers always in their shortest form.

export class ModuleWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;

  /** @param room bytes that it probably comes to */
  constructor(room = 64) {
    this.#bytes = new Uint8Array(room);
  }

  /** What was written, as a view. */
  get written(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  bytes(...bytes: readonly number[]): this {
    return this.copy(bytes);
  }

  copy(part: ArrayLike<number>): this {
    const length = this.#length + part.length;
    if (length > this.#bytes.length) {
      const grown = new Uint8Array(2 * length);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes.set(part, this.#length);
    this.#length = length;
    return this;
  }

  /** Unsigned LEB128. @param value 0 … 2^32 − 1 */
  u32(value: number): this {
    let rest = value;
    while (rest >= 0x80) {
      this.bytes((rest & 0x7f) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    return this.bytes(rest);
  }

  /** Signed LEB128. @param value −2^31 … 2^31 − 1 */
  signed(value: number): this {
    let rest = value;
    while (rest < -0x40 || rest >= 0x40) {
      this.bytes((rest & 0x7f) | 0x80);
      rest >>= 7;
    }
    return this.bytes(rest & 0x7f);
  }

  /** A name of ASCII characters. */
  name(text: string): this {
    return this.u32(text.length).copy(Array.from(text, (char) => char.charCodeAt(0)));
  }

  /** What `write` writes, behind its length in bytes. */
  sized(write: (part: ModuleWriter) => void): this {
    const part = new ModuleWriter();
    write(part);
    return this.u32(part.written.length).copy(part.written);
  }
}
