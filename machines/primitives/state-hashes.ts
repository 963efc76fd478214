// What the state tree and its proofs are made of: bits of keys, and the hashes of leaves and branches.
import { MAX_ROW_KEY_LENGTH } from '#schemas/wire/limits.ts';
import type { Sha256 } from './seeded-draw.ts';

/** A branch on the way to a key: the bit at which it turns, and the hash of the side that it does not take. */
export type ProofStep = { readonly bit: number; readonly sibling: Uint8Array };

/** Hash of a tree that holds nothing. */
export const EMPTY_HASH: Uint8Array = new Uint8Array(32);
const LEAF = 0x00;
const BRANCH = 0x01;

/** The hashes of leaves and branches, whose bytes are put together in one buffer for all. */
export class StateHasher {
  readonly #sha256: Sha256;
  readonly #branch = new Uint8Array(67).fill(BRANCH, 0, 1);
  #leaf = new Uint8Array(1024).fill(LEAF, 0, 1);

  constructor(sha256: Sha256) {
    this.#sha256 = sha256;
  }

  /** SHA-256(0x00 | length of the key u8 | key | value). */
  leaf(key: string, value: Uint8Array): Uint8Array {
    const length = 2 + key.length + value.length;
    if (length > this.#leaf.length) this.#leaf = new Uint8Array(2 * length).fill(LEAF, 0, 1);
    const input = this.#leaf;
    input[1] = key.length;
    for (let i = 0; i < key.length; i++) input[2 + i] = key.charCodeAt(i);
    input.set(value, 2 + key.length);
    return this.#sha256(input.subarray(0, length));
  }

  /** SHA-256(0x01 | bit u16 big-endian | left | right). */
  branch(bit: number, left: Uint8Array, right: Uint8Array): Uint8Array {
    const input = this.#branch;
    input[1] = bit >> 8;
    input[2] = bit;
    input.set(left, 3);
    input.set(right, 35);
    return this.#sha256(input);
  }
}

/** The first bit at which two keys differ. */
export function differingBit(a: string, b: string): number {
  let at = 0;
  while (a.charCodeAt(at) === b.charCodeAt(at)) at++;
  return 8 * at + Math.clz32(a.charCodeAt(at) ^ b.charCodeAt(at)) - 24;
}

/** Bits of the ASCII bytes of a key; behind its end they are 0. */
export const bitOf = (key: string, bit: number): number => (key.charCodeAt(bit >> 3) >> (7 - (bit & 7))) & 1;

/** ASCII text without NUL, so that no two keys have the same bits, and short enough that its length is one byte of its leaf. */
export function isRowKey(key: string): boolean {
  for (let i = 0; i < key.length; i++) if (key.charCodeAt(i) === 0 || key.charCodeAt(i) > 0x7f) return false;
  return key.length <= MAX_ROW_KEY_LENGTH;
}

/** Another bit with the same two bytes in the hash would turn another way. */
export const isStep = ({ bit, sibling }: ProofStep): boolean =>
  bit >= 0 && bit < 8 * MAX_ROW_KEY_LENGTH && sibling.length === EMPTY_HASH.length;
