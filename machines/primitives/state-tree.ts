// The state's Merkle tree: rows in the order of their keys, with a branch at each bit that tells keys apart, and at no other
// (PATRICIA, Morrison 1968). The root depends on the rows only, never on their order of arrival.
import { assert } from './assert.ts';
import { equalBytes } from './bytes.ts';
import type { Sha256 } from './seeded-draw.ts';
import { bitOf, differingBit, EMPTY_HASH, isRowKey, isStep, type ProofStep, StateHasher } from './state-hashes.ts';

type Leaf = { readonly key: string; hash: Uint8Array };
/** All keys below agree before `bit`; those with a 0 there lie left. While `isStale`, `hash` is that of an earlier state. */
type Branch = { readonly bit: number; left: Node; right: Node; hash: Uint8Array; isStale: boolean };
type Node = Leaf | Branch;

/** A row to be written, or with null to be removed. */
export type TreeChange = { readonly key: string; readonly value: Uint8Array | null };

/**
 * Shows that a key has a value, or none. `steps` from the root down; `other` is the row to which the way of a key leads that
 * is not there; null where that is the key's own, or the tree is empty.
 */
export type StateProof = {
  readonly steps: readonly ProofStep[];
  readonly other: { readonly key: string; readonly value: Uint8Array } | null;
};

/**
 * A tree that changes in place, since a block touches much of it; hashes are replaced, so that those taken stay. Rows that change
 * together have keys that begin alike, hence branches in common, each of which is hashed once for all of them.
 */
export class StateTree {
  readonly #hash: StateHasher;
  #top: Node | null = null;
  /** Branches from the top to the key in hand; what lies below them is about to change. */
  readonly #way: Branch[] = [];

  constructor(sha256: Sha256) {
    this.#hash = new StateHasher(sha256);
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
  const hash = new StateHasher(sha256);
  const found = steps.reduceRight(
    (below, { bit, sibling }) =>
      bitOf(key, bit) === 1 ? hash.branch(bit, sibling, below) : hash.branch(bit, below, sibling),
    hash.leaf(end.key, end.value),
  );
  return equalBytes(found, root);
}

const childOf = (branch: Branch, key: string): Node => (bitOf(key, branch.bit) === 1 ? branch.right : branch.left);
const isLeaf = (node: Node): node is Leaf => 'key' in node;
