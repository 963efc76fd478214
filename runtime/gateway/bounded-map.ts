// A map that holds so many keys and forgets the one that rested longest: memory of a gateway never grows with its visitors.

export class BoundedMap<V> {
  readonly #rows = new Map<string, V>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#rows.size;
  }

  get(key: string): V | undefined {
    return this.#rows.get(key);
  }

  /** Set, and make it the youngest. */
  set(key: string, value: V): void {
    this.#rows.delete(key);
    this.#rows.set(key, value);
    if (this.#rows.size > this.#max) this.#rows.delete(this.#rows.keys().next().value ?? '');
  }

  delete(key: string): void {
    this.#rows.delete(key);
  }

  /** Youngest first. */
  values(): V[] {
    return [...this.#rows.values()].toReversed();
  }
}
