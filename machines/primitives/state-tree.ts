// The state's Merkle tree: a binary trie over SHA-256(key) whose leaves sit at their shortest unique prefix.
// The root depends on the rows only, never on their order of arrival (compare the Jellyfish Merkle tree, Diem 2021).
import { equalBytes } from './bytes.ts';
import type { Sha256 } from './seeded-draw.ts';

/** A row as the tree holds it. Nodes are never changed: an old root stays provable as long as somebody holds it. */
export type Leaf = { readonly path: Uint8Array; readonly value_hash: Uint8Array; readonly hash: Uint8Array };
export type Branch = { readonly left: StateTree; readonly right: StateTree; readonly hash: Uint8Array };
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

export const rootHash = (tree: StateTree): Uint8Array => tree?.hash ?? EMPTY_HASH;

/**
 * The tree after all changes; every branch on the way to them is hashed once.
 *
 * @param changes one for each path at most; reordered in place
 */
export function updateTree(tree: StateTree, changes: LeafChange[], sha256: Sha256): StateTree {
  return update(tree, changes, 0, changes.length, 0, hasher(sha256));
}

/** The root over rows given at once: what any order of updates leads to. Keys are unique. */
export function rootOf(rows: Iterable<readonly [key: string, value: Uint8Array]>, sha256: Sha256): Uint8Array {
  const changes = Array.from(rows, ([key, value]) => ({ path: keyPath(key, sha256), value_hash: sha256(value) }));
  return rootHash(updateTree(null, changes, sha256));
}

/** Proof for the row at `path`, there or not. */
export function proveTree(tree: StateTree, path: Uint8Array): StateProof {
  const siblings: Uint8Array[] = [];
  let node = tree;
  while (node !== null && !isLeaf(node)) {
    const goesRight = bit(path, siblings.length) === 1;
    siblings.push(rootHash(goesRight ? node.left : node.right));
    node = goesRight ? node.right : node.left;
  }
  const other = node === null || equalBytes(node.path, path) ? null : { path: node.path, value_hash: node.value_hash };
  return { siblings, other };
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
      if (node === null || equalBytes(node.path, only.path)) return leafOf(only, hash);
      if (only.value_hash === null) return node;
    }
    return rebuild(node, changes.slice(start, end), depth, hash);
  }
  const middle = partition(changes, start, end, depth);
  const left = update(node.left, changes, start, middle, depth + 1, hash);
  const right = update(node.right, changes, middle, end, depth + 1, hash);
  return left === node.left && right === node.right ? node : join(left, right, hash);
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
  return join(left, build(leaves.slice(middle), depth + 1, hash), hash);
}

/** The change as a leaf; a leaf that only moves has its hash already. */
function leafOf(change: LeafChange | Leaf, hash: Hasher): Leaf | null {
  if ('hash' in change) return change;
  const { path, value_hash } = change;
  return value_hash === null ? null : { path, value_hash, hash: hash(LEAF, path, value_hash) };
}

/** A branch, unless only one leaf is left: then that leaf moves up to its shortest unique prefix. */
function join(left: StateTree, right: StateTree, hash: Hasher): StateTree {
  if (left === null && (right === null || isLeaf(right))) return right;
  if (right === null && left !== null && isLeaf(left)) return left;
  return { left, right, hash: hash(BRANCH, rootHash(left), rootHash(right)) };
}

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
