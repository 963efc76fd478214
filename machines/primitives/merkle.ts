// Merkle trees as RFC 9162 §2.1 defines them (the same hashes and proofs as RFC 6962), over SHA-256:
// the pure one, or the caller's, which in production is several times faster.
import { sha256 as pureSha256 } from '@noble/hashes/sha2.js';
import { equalBytes } from './bytes.ts';
import type { Sha256 } from './seeded-draw.ts';

const LEAF_PREFIX = 0x00;
const NODE_PREFIX = 0x01;

/** What nearly every hash is taken of, two hashes or a sub-unit's result: one buffer, since a new one costs more than the hash. */
const pair = new Uint8Array(1 + 64);

/** A hash given by the caller, in the caller's kind of buffer, or one made here. */
type Hash<B extends ArrayBufferLike> = Uint8Array<B | ArrayBuffer>;

/** Hash of one entry: SHA-256(0x00 | entry). The prefix keeps a leaf from passing for a node (RFC 9162 §2.1.1). */
export function leafHash(entry: Uint8Array, sha256: Sha256 = pureSha256): Uint8Array<ArrayBuffer> {
  const input = entry.length + 1 === pair.length ? pair : new Uint8Array(1 + entry.length);
  input[0] = LEAF_PREFIX;
  input.set(entry, 1);
  return sha256(input);
}

/** Hashes of many entries, in order. */
export const leafHashes = (entries: readonly Uint8Array[], sha256?: Sha256): Uint8Array<ArrayBuffer>[] =>
  entries.map((entry) => leafHash(entry, sha256));

/** Hash of an inner node: SHA-256(0x01 | left | right). */
function nodeHash(left: Uint8Array, right: Uint8Array, sha256: Sha256): Uint8Array<ArrayBuffer> {
  const input = left.length + right.length + 1 === pair.length ? pair : new Uint8Array(1 + left.length + right.length);
  input[0] = NODE_PREFIX;
  input.set(left, 1);
  input.set(right, 1 + left.length);
  return sha256(input);
}

/** Merkle tree hash of leaf hashes in order; of no leaves: SHA-256 of nothing (RFC 9162 §2.1.1). */
export function merkleRoot<B extends ArrayBufferLike>(
  leafHashes: readonly Uint8Array<B>[],
  sha256: Sha256 = pureSha256,
): Hash<B> {
  return leafHashes.length === 0 ? sha256(new Uint8Array(0)) : rangeRoot(leafHashes, 0, leafHashes.length, sha256);
}

/**
 * Sibling hashes from leaf `index` up to the root, lowest first (PATH of RFC 9162 §2.1.3.1).
 *
 * @throws RangeError when `index` is not a leaf's: asking for it is a bug of the caller
 */
export function inclusionProof<B extends ArrayBufferLike>(
  leafHashes: readonly Uint8Array<B>[],
  index: number,
  sha256: Sha256 = pureSha256,
): Hash<B>[] {
  requireWholeBelow(index, leafHashes.length, 'index');
  const path: Hash<B>[] = [];
  let start = 0;
  let end = leafHashes.length;
  while (end - start > 1) {
    const middle = start + splitSize(end - start);
    const isLeft = index < middle;
    path.push(isLeft ? rangeRoot(leafHashes, middle, end, sha256) : rangeRoot(leafHashes, start, middle, sha256));
    if (isLeft) end = middle;
    else start = middle;
  }
  return path.reverse();
}

/** Whether `leaf` is entry `index` of the tree of `size` leaves with this `root` (RFC 9162 §2.1.3.2). Never throws. */
export function verifyInclusion(
  root: Uint8Array,
  size: number,
  index: number,
  leaf: Uint8Array,
  proof: readonly Uint8Array[],
  sha256: Sha256 = pureSha256,
): boolean {
  if (!isWhole(size) || !isWhole(index) || index >= size) return false;
  let position = index;
  let last = size - 1;
  let hash = leaf;
  for (const sibling of proof) {
    if (last === 0) return false;
    if (isOdd(position) || position === last) {
      hash = nodeHash(sibling, hash, sha256);
      while (!isOdd(position) && position !== 0) {
        position = half(position);
        last = half(last);
      }
    } else {
      hash = nodeHash(hash, sibling, sha256);
    }
    position = half(position);
    last = half(last);
  }
  return last === 0 && equalBytes(hash, root);
}

/**
 * Hashes which show that the tree of all leaves extends the tree of the first `firstSize` (PROOF of RFC 9162 §2.1.4.1).
 * Empty when both sizes are equal.
 *
 * @throws RangeError when `firstSize` is not in 1 … leaves
 */
export function consistencyProof<B extends ArrayBufferLike>(
  leafHashes: readonly Uint8Array<B>[],
  firstSize: number,
): Hash<B>[] {
  requireWholeBelow(firstSize - 1, leafHashes.length, 'firstSize - 1');
  const path: Hash<B>[] = [];
  let start = 0;
  let end = leafHashes.length;
  while (firstSize < end) {
    const middle = start + splitSize(end - start);
    const isLeft = firstSize <= middle;
    path.push(
      isLeft ? rangeRoot(leafHashes, middle, end, pureSha256) : rangeRoot(leafHashes, start, middle, pureSha256),
    );
    if (isLeft) end = middle;
    else start = middle;
  }
  if (start !== 0) path.push(rangeRoot(leafHashes, start, end, pureSha256));
  return path.reverse();
}

/** Whether the tree (`secondSize`, `secondRoot`) extends (`firstSize`, `firstRoot`) (RFC 9162 §2.1.4.2). Never throws. */
export function verifyConsistency(
  firstSize: number,
  firstRoot: Uint8Array,
  secondSize: number,
  secondRoot: Uint8Array,
  proof: readonly Uint8Array[],
): boolean {
  if (!isWhole(firstSize) || !isWhole(secondSize) || firstSize === 0 || firstSize > secondSize) return false;
  if (firstSize === secondSize) return proof.length === 0 && equalBytes(firstRoot, secondRoot);
  const [seed, ...rest] = isPowerOfTwo(firstSize) ? [firstRoot, ...proof] : proof;
  if (seed === undefined || proof.length === 0) return false;

  let position = firstSize - 1;
  let last = secondSize - 1;
  while (isOdd(position)) {
    position = half(position);
    last = half(last);
  }
  let first = seed;
  let second = seed;
  for (const sibling of rest) {
    if (last === 0) return false;
    if (isOdd(position) || position === last) {
      first = nodeHash(sibling, first, pureSha256);
      second = nodeHash(sibling, second, pureSha256);
      while (!isOdd(position) && position !== 0) {
        position = half(position);
        last = half(last);
      }
    } else {
      second = nodeHash(second, sibling, pureSha256);
    }
    position = half(position);
    last = half(last);
  }
  return last === 0 && equalBytes(first, firstRoot) && equalBytes(second, secondRoot);
}

/** Root of the leaves start … end−1; at least one. */
function rangeRoot<B extends ArrayBufferLike>(
  leafHashes: readonly Uint8Array<B>[],
  start: number,
  end: number,
  sha256: Sha256,
): Hash<B> {
  const first = leafHashes[start];
  if (first === undefined) throw new RangeError(`no leaf ${start} of ${leafHashes.length}`);
  if (end - start === 1) return first;
  const middle = start + splitSize(end - start);
  return nodeHash(rangeRoot(leafHashes, start, middle, sha256), rangeRoot(leafHashes, middle, end, sha256), sha256);
}

/** Largest power of two below `size` (the k of RFC 9162); `size` ≥ 2. */
function splitSize(size: number): number {
  let power = 1;
  while (power * 2 < size) power *= 2;
  return power;
}

// Sizes may pass 2^32, where JavaScript's bit operators would cut them: plain arithmetic up to 2^53 instead.
const half = (value: number): number => Math.floor(value / 2);
const isOdd = (value: number): boolean => value % 2 === 1;
const isPowerOfTwo = (size: number): boolean => size === 1 || splitSize(size) * 2 === size;
const isWhole = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

function requireWholeBelow(value: number, end: number, name: string): void {
  if (!isWhole(value) || value >= end) throw new RangeError(`${name} is ${value}, must be a whole number below ${end}`);
}
