// A set of whole numbers up to 2^53 in the order in which they came: 16 bytes each, so that tens of millions fit.
const FIRST_SLOTS = 1 << 16;
const EMPTY = 0xffff_ffff;

export class StateSet {
  #items = new Float64Array(FIRST_SLOTS >> 1);
  #slots = new Uint32Array(FIRST_SLOTS).fill(EMPTY);
  size = 0;

  at(index: number): number {
    return this.#items[index] ?? -1;
  }

  /** Whether it was not there. */
  add(item: number): boolean {
    const slot = this.#slotOf(item);
    if (this.#slots[slot] !== EMPTY) return false;
    if (this.size === this.#items.length) this.#grow();
    this.#items[this.size] = item;
    this.#slots[this.#slotOf(item)] = this.size++;
    return true;
  }

  #slotOf(item: number): number {
    const mask = this.#slots.length - 1;
    let slot = mix(item) & mask;
    for (;;) {
      const index = this.#slots[slot] ?? EMPTY;
      if (index === EMPTY || this.#items[index] === item) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #grow(): void {
    const items = new Float64Array(this.#items.length * 2);
    items.set(this.#items);
    this.#items = items;
    this.#slots = new Uint32Array(items.length * 2).fill(EMPTY);
    for (let index = 0; index < this.size; index++) this.#slots[this.#slotOf(this.at(index))] = index;
  }
}

/** Both halves, well stirred (the finaliser of MurmurHash3). */
function mix(item: number): number {
  let h = (item | 0) ^ Math.imul(Math.floor(item / 0x1_0000_0000), 0x9e37_79b1);
  h = Math.imul(h ^ (h >>> 16), 0x85eb_ca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35);
  return h ^ (h >>> 16);
}
