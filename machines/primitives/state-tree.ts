// The state's Merkle tree: rows in the order of their keys, with a branch at each bit that tells keys apart, and at no other
// (PATRICIA, Morrison 1968). The root depends on the rows only, never on their order of arrival.
import { MAX_ROW_KEY_LENGTH } from '#schemas/wire/limits.ts';
import { assert } from './assert.ts';
import { equalBytes } from './bytes.ts';
import type { Sha256 } from './seeded-draw.ts';

type Leaf = { readonly key: string; hash: Uint8Array };
/** All keys below agree before `bit`; those with a 0 there lie left. While `isStale`, `hash` is that of an earlier state. */
type Branch = { readonly bit: number; left: Node; right: Node; hash: Uint8Array; isStale: boolean };
type Node = Leaf | Branch;

/** A row to be written, or with null to be removed. */
export type TreeChange = { readonly key: string; readonly value: Uint8Array | null };

/** A branch on the way to a key: the bit at which it turns, and the hash of the side that it does not take. */
export type ProofStep = { readonly bit: number; readonly sibling: Uint8Array };

/**
 * Shows that a key has a value, or none. `steps` from the root down; `other` is the row to which the way of a key leads that
 * is not there; null where that is the key's own, or the tree is empty.
 */
export type StateProof = {
  readonly steps: readonly ProofStep[];
  readonly other: { readonly key: string; readonly value: Uint8Array } | null;
};

/** Hash of a tree that holds nothing. */
export const EMPTY_HASH: Uint8Array = new Uint8Array(32);
const LEAF = 0x00;
const BRANCH = 0x01;

/**
 * A tree that changes in place, since a block touches much of it; hashes are replaced, so that those taken stay. Rows that change
 * together have keys that begin alike, hence branches in common, each of which is hashed once for all of them.
 */
export class StateTree {
  readonly #hash: Hasher;
  #top: Node | null = null;
  /** Branches from the top to the key in hand; what lies below them is about to change. */
  readonly #way: Branch[] = [];

  constructor(sha256: Sha256) {
    this.#hash = new Hasher(sha256);
  }

  /** Write and remove rows, in any order. Keys are as `isRowKey` says. */
  update(changes: Iterable<TreeChange>): void {
    for (const { key, value } of changes) {
      if (value === null) this.#remove(key);
      else this.#put(key, value);
    }
  }

  /** The root over all rows; it hashes every branch above what changed since the last time. */
  root(): Uint8Array {
    return this.#top === null ? EMPTY_HASH : this.#fresh(this.#top);
  }

  /** The way to `key`, and the key of the row at its end: its own, another, or null in an empty tree. */
  find(key: string): { readonly steps: readonly ProofStep[]; readonly found: string | null } {
    const steps: ProofStep[] = [];
    let node = this.#top;
    while (node !== null && !isLeaf(node)) {
      const isRight = bitOf(key, node.bit) === 1;
      steps.push({ bit: node.bit, sibling: this.#fresh(isRight ? node.left : node.right) });
      node = isRight ? node.right : node.left;
    }
    return { steps, found: node === null ? null : node.key };
  }

  #put(key: string, value: Uint8Array): void {
    const hash = this.#hash.leaf(key, value);
    const near = this.#walk(key);
    if (near?.key === key) near.hash = hash;
    else this.#insert({ key, hash }, near);
  }

  #remove(key: string): void {
    if (this.#walk(key)?.key !== key) return;
    const parent = this.#way.pop();
    if (parent === undefined) this.#top = null;
    else this.#link(key, bitOf(key, parent.bit) === 1 ? parent.left : parent.right);
  }

  /** Go from the top to the row to which the way of `key` leads: if any has the key, it is this one. */
  #walk(key: string): Leaf | null {
    this.#way.length = 0;
    let node = this.#top;
    while (node !== null && !isLeaf(node)) {
      node.isStale = true;
      this.#way.push(node);
      node = childOf(node, key);
    }
    return node;
  }

  /** Put a new row where the way just gone, to `near`, leaves the way of its key. */
  #insert(leaf: Leaf, near: Leaf | null): void {
    assert(isRowKey(leaf.key), 'a key is short ASCII text');
    if (near === null) return this.#link(leaf.key, leaf);
    const bit = differingBit(near.key, leaf.key);
    while ((this.#way.at(-1)?.bit ?? 0) > bit) this.#way.pop();
    const parent = this.#way.at(-1);
    const beside = parent === undefined ? (this.#top as Node) : childOf(parent, leaf.key);
    const [left, right] = bitOf(leaf.key, bit) === 1 ? [beside, leaf] : [leaf, beside];
    this.#link(leaf.key, { bit, left, right, hash: EMPTY_HASH, isStale: true });
  }

  /** Put a node below the last branch of the way. */
  #link(key: string, node: Node): void {
    const parent = this.#way.at(-1);
    if (parent === undefined) this.#top = node;
    else if (bitOf(key, parent.bit) === 1) parent.right = node;
    else parent.left = node;
  }

  #fresh(node: Node): Uint8Array {
    if (isLeaf(node) || !node.isStale) return node.hash;
    const left = this.#fresh(node.left);
    const right = this.#fresh(node.right);
    node.hash = this.#hash.branch(node.bit, left, right);
    node.isStale = false;
    return node.hash;
  }
}

/** Whether under `root` the row `key` is `value`, or absent where `value` is null. Never throws. */
export function verifyState(
  root: Uint8Array,
  key: string,
  value: Uint8Array | null,
  { steps, other }: StateProof,
  sha256: Sha256,
): boolean {
  const end = value === null ? other : other === null ? { key, value } : undefined;
  if (end === undefined || !isRowKey(key)) return false;
  if (end === null) return steps.length === 0 && equalBytes(root, EMPTY_HASH);
  const leadsThere = steps.every((step) => isStep(step) && bitOf(end.key, step.bit) === bitOf(key, step.bit));
  if (!isRowKey(end.key) || !leadsThere || (value === null && end.key === key)) return false;
  const hash = new Hasher(sha256);
  const found = steps.reduceRight(
    (below, { bit, sibling }) =>
      bitOf(key, bit) === 1 ? hash.branch(bit, sibling, below) : hash.branch(bit, below, sibling),
    hash.leaf(end.key, end.value),
  );
  return equalBytes(found, root);
}

/** Another bit with the same two bytes in the hash would turn another way. */
const isStep = ({ bit, sibling }: ProofStep): boolean =>
  bit >= 0 && bit < 8 * MAX_ROW_KEY_LENGTH && sibling.length === EMPTY_HASH.length;

/** The hashes of leaves and branches, whose bytes are put together in one buffer for all. */
class Hasher {
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
function differingBit(a: string, b: string): number {
  let at = 0;
  while (a.charCodeAt(at) === b.charCodeAt(at)) at++;
  return 8 * at + Math.clz32(a.charCodeAt(at) ^ b.charCodeAt(at)) - 24;
}

/** Bits of the ASCII bytes of a key; behind its end they are 0. */
const bitOf = (key: string, bit: number): number => (key.charCodeAt(bit >> 3) >> (7 - (bit & 7))) & 1;
const childOf = (branch: Branch, key: string): Node => (bitOf(key, branch.bit) === 1 ? branch.right : branch.left);
const isLeaf = (node: Node): node is Leaf => 'key' in node;

/** ASCII text without NUL, so that no two keys have the same bits, and short enough that its length is one byte of its leaf. */
export function isRowKey(key: string): boolean {
  for (let i = 0; i < key.length; i++) if (key.charCodeAt(i) === 0 || key.charCodeAt(i) > 0x7f) return false;
  return key.length <= MAX_ROW_KEY_LENGTH;
}
