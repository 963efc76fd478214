// The state's Merkle tree: a binary trie over SHA-256(key) whose leaves sit at their shortest unique prefix.
// The root depends on the rows only, never on their order of arrival (compare the Jellyfish Merkle tree, Diem 2021).
import { equalBytes } from './bytes.ts';
import type { Sha256 } from './seeded-draw.ts';

/**
 * A row as the tree holds it. Nodes are changed in place: a block touches a large part of the tree, and new nodes and hashes
 * for each would cost as much as the hashing.
 */
export type Leaf = { readonly path: Uint8Array; readonly value_hash: Uint8Array; readonly hash: Uint8Array };
export type Branch = { left: StateTree; right: StateTree; readonly hash: Uint8Array };
/** A tree, or a part of one; null holds nothing. */
export type StateTree = Leaf | Branch | null;

/** What becomes of the row at `path`: a new value's hash, or null when it goes. */
export type LeafChange = { readonly path: Uint8Array; readonly value_hash: Uint8Array | null };

/**
 * Shows that a key has a value, or none. `siblings` from the root down; `other` is the leaf found where the key would be,
 * null when it is the key's own leaf or nothing.
 */
export type StateProof = {
  readonly siblings: readonly Uint8Array[];
  readonly other: { readonly path: Uint8Array; readonly value_hash: Uint8Array } | null;
};

/** Hash of a tree that holds nothing. */
export const EMPTY_HASH: Uint8Array = new Uint8Array(32);
const LEAF = 0x00;
const BRANCH = 0x01;

/** Where a key lies: SHA-256 of its ASCII bytes. */
export function keyPath(key: string, sha256: Sha256): Uint8Array {
  const bytes = new Uint8Array(key.length);
  for (let i = 0; i < key.length; i++) bytes[i] = key.charCodeAt(i);
  return sha256(bytes);
}

/** The root, as a copy: later updates leave it as it is. */
export const rootHash = (tree: StateTree): Uint8Array => new Uint8Array(hashOf(tree));
const hashOf = (node: StateTree): Uint8Array => node?.hash ?? EMPTY_HASH;

/**
 * The tree after all changes; every branch on the way to them is hashed once.
 *
 * @param tree is used up: only the returned tree may be used from now on
 * @param changes one for each path at most; reordered, and their bytes become the tree's
 */
export function updateTree(tree: StateTree, changes: LeafChange[], sha256: Sha256): StateTree {
  return update(tree, changes, 0, changes.length, 0, hasher(sha256));
}

/** The root over rows given at once: what any order of updates leads to. Keys are unique. */
export function rootOf(rows: Iterable<readonly [key: string, value: Uint8Array]>, sha256: Sha256): Uint8Array {
  const changes = Array.from(rows, ([key, value]) => ({ path: keyPath(key, sha256), value_hash: sha256(value) }));
  return rootHash(updateTree(null, changes, sha256));
}

/** Proof for the row at `path`, there or not; later updates leave it as it is. */
export function proveTree(tree: StateTree, path: Uint8Array): StateProof {
  const siblings: Uint8Array[] = [];
  let node = tree;
  while (node !== null && !isLeaf(node)) {
    const goesRight = bit(path, siblings.length) === 1;
    siblings.push(rootHash(goesRight ? node.left : node.right));
    node = goesRight ? node.right : node.left;
  }
  if (node === null || equalBytes(node.path, path)) return { siblings, other: null };
  return { siblings, other: { path: node.path, value_hash: new Uint8Array(node.value_hash) } };
}

/** Whether under `root` the row `key` is `value`, or absent where `value` is null. Never throws. */
export function verifyState(
  root: Uint8Array,
  key: string,
  value: Uint8Array | null,
  proof: StateProof,
  sha256: Sha256,
): boolean {
  const path = keyPath(key, sha256);
  const end = endOfPath(path, value, proof, hasher(sha256), sha256);
  if (end === null || proof.siblings.length > 256) return false;
  const hash = hasher(sha256);
  const found = proof.siblings.reduceRight(
    (below, sibling, depth) => (bit(path, depth) === 1 ? hash(BRANCH, sibling, below) : hash(BRANCH, below, sibling)),
    end,
  );
  return equalBytes(found, root);
}

/** Hash of what the proof says lies at the end of `path`; null when that contradicts the claim. */
function endOfPath(path: Uint8Array, value: Uint8Array | null, proof: StateProof, hash: Hasher, sha256: Sha256) {
  const { other, siblings } = proof;
  if (value !== null) return other === null ? hash(LEAF, path, sha256(value)) : null;
  if (other === null) return EMPTY_HASH;
  const isOnTheWay =
    !equalBytes(other.path, path) && siblings.every((_, depth) => bit(other.path, depth) === bit(path, depth));
  return isOnTheWay ? hash(LEAF, other.path, other.value_hash) : null;
}

type Hasher = (kind: number, a: Uint8Array, b: Uint8Array) => Uint8Array;

/** SHA-256(kind | a | b) with one buffer for all: a and b are 32 bytes. */
function hasher(sha256: Sha256): Hasher {
  const input = new Uint8Array(65);
  return (kind, a, b) => {
    input[0] = kind;
    input.set(a, 1);
    input.set(b, 33);
    return sha256(input);
  };
}

/** Apply `changes[start … end)`, all of which lie under `node` at `depth`. */
function update(
  node: StateTree,
  changes: LeafChange[],
  start: number,
  end: number,
  depth: number,
  hash: Hasher,
): StateTree {
  if (start === end) return node;
  if (node === null || isLeaf(node)) {
    if (end - start === 1) {
      const only = changes[start] as LeafChange;
      if (node === null) return leafOf(only, hash);
      if (equalBytes(node.path, only.path)) return replaced(node, only.value_hash, hash);
      if (only.value_hash === null) return node;
    }
    return rebuild(node, changes.slice(start, end), depth, hash);
  }
  const middle = partition(changes, start, end, depth);
  const left = update(node.left, changes, start, middle, depth + 1, hash);
  const right = update(node.right, changes, middle, end, depth + 1, hash);
  if (isOneLeaf(left, right)) return left ?? right;
  node.left = left;
  node.right = right;
  node.hash.set(hash(BRANCH, hashOf(left), hashOf(right)));
  return node;
}

/** The leaf with another value, or nothing. */
function replaced(leaf: Leaf, value_hash: Uint8Array | null, hash: Hasher): Leaf | null {
  if (value_hash === null) return null;
  leaf.value_hash.set(value_hash);
  leaf.hash.set(hash(LEAF, leaf.path, value_hash));
  return leaf;
}

/** Where at most one leaf stood, several changes meet: the leaf joins them and all are built anew. */
function rebuild(leaf: Leaf | null, changes: readonly LeafChange[], depth: number, hash: Hasher): StateTree {
  const isReplaced = leaf === null || changes.some(({ path }) => equalBytes(path, leaf.path));
  const kept = changes.filter(({ value_hash }) => value_hash !== null);
  return build(isReplaced ? kept : [...kept, leaf], depth, hash);
}

function build(leaves: LeafChange[], depth: number, hash: Hasher): StateTree {
  if (leaves.length === 0) return null;
  if (leaves.length === 1) return leafOf(leaves[0] as LeafChange | Leaf, hash);
  const middle = partition(leaves, 0, leaves.length, depth);
  const left = build(leaves.slice(0, middle), depth + 1, hash);
  const right = build(leaves.slice(middle), depth + 1, hash);
  if (isOneLeaf(left, right)) return left ?? right;
  return { left, right, hash: hash(BRANCH, hashOf(left), hashOf(right)) };
}

/** The change as a leaf; a leaf that only moves has its hash already. */
function leafOf(change: LeafChange | Leaf, hash: Hasher): Leaf | null {
  if ('hash' in change) return change;
  const { path, value_hash } = change;
  return value_hash === null ? null : { path, value_hash, hash: hash(LEAF, path, value_hash) };
}

/** Whether no branch is left of the two, but at most one leaf: it moves up to its shortest unique prefix. */
const isOneLeaf = (left: StateTree, right: StateTree): boolean =>
  left === null ? right === null || isLeaf(right) : right === null && isLeaf(left);

/** Bring the changes whose bit at `depth` is 0 to the front; where the others start. */
function partition(changes: LeafChange[], start: number, end: number, depth: number): number {
  let middle = start;
  for (let i = start; i < end; i++) {
    const change = changes[i] as LeafChange;
    if (bit(change.path, depth) === 1) continue;
    changes[i] = changes[middle] as LeafChange;
    changes[middle++] = change;
  }
  return middle;
}

const isLeaf = (node: Leaf | Branch): node is Leaf => 'path' in node;
const bit = (path: Uint8Array, depth: number): number => ((path[depth >> 3] as number) >> (7 - (depth & 7))) & 1;
