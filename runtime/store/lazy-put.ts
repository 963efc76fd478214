// A row whose bytes are made when they are read: a real store reads them at once, a simulated disk mostly never.

/** A put as `StoreOp` has it, over something that does not change. */
export class LazyPut {
  readonly type = 'put';
  readonly key: string;
  readonly #encode: () => Uint8Array;
  #value: Uint8Array | undefined;

  constructor(key: string, encode: () => Uint8Array) {
    this.key = key;
    this.#encode = encode;
  }

  get value(): Uint8Array {
    this.#value ??= this.#encode();
    return this.#value;
  }
}
