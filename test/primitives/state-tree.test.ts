// The state tree against its definition written out naively, and its proofs against tampering.

import { sha256 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  EMPTY_HASH,
  keyPath,
  type LeafChange,
  proveTree,
  rootHash,
  rootOf,
  type StateTree,
  updateTree,
  verifyState,
} from '#machines/primitives/state-tree.ts';

const text = new TextEncoder();
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bits = (path: Uint8Array): string => Array.from(path, (byte) => byte.toString(2).padStart(8, '0')).join('');

/** The definition: nothing is zeros, one row is a leaf, more are split by their next bit. */
function naiveRoot(rows: readonly { path: string; leaf: Buffer }[], depth = 0): Buffer {
  if (rows.length === 0) return Buffer.alloc(32);
  if (rows.length === 1) return Buffer.from(sha256(Buffer.concat([Buffer.of(0), rows[0]?.leaf ?? Buffer.of()])));
  const [left, right] = ['0', '1'].map((bit) =>
    naiveRoot(
      rows.filter(({ path }) => path[depth] === bit),
      depth + 1,
    ),
  );
  return Buffer.from(sha256(Buffer.concat([Buffer.of(1), left ?? Buffer.of(), right ?? Buffer.of()])));
}
const naive = (rows: ReadonlyMap<string, string>): string =>
  hex(
    naiveRoot(
      Array.from(rows, ([key, value]) => {
        const path = sha256(text.encode(key));
        return { path: bits(path), leaf: Buffer.concat([path, sha256(text.encode(value))]) };
      }),
    ),
  );

const change = (key: string, value: string | null): LeafChange => ({
  path: keyPath(key, sha256),
  value_hash: value === null ? null : sha256(text.encode(value)),
});
const keys = fc.integer({ min: 0, max: 60 }).map((n) => `key/${n}`);
const batches = fc.array(
  fc.uniqueArray(fc.tuple(keys, fc.option(fc.string({ maxLength: 4 }))), { selector: ([key]) => key, maxLength: 30 }),
  { maxLength: 12 },
);

/** The tree and the plain map after the same batches. */
function apply(steps: readonly (readonly (readonly [string, string | null])[])[]) {
  const rows = new Map<string, string>();
  let tree: StateTree = null;
  for (const step of steps) {
    for (const [key, value] of step) {
      if (value === null) rows.delete(key);
      else rows.set(key, value);
    }
    tree = updateTree(
      tree,
      step.map(([key, value]) => change(key, value)),
      sha256,
    );
  }
  return { tree, rows };
}

test('after any batches of writes and removals the root is that of the rows that are left', () => {
  fc.assert(
    fc.property(batches, (steps) => {
      const { tree, rows } = apply(steps);
      expect(hex(rootHash(tree))).toBe(naive(rows));
      expect(
        hex(
          rootOf(
            Array.from(rows, ([key, value]) => [key, text.encode(value)] as const),
            sha256,
          ),
        ),
      ).toBe(naive(rows));
    }),
  );
});

test('every key has a proof, there or not, and no other value has one', () => {
  fc.assert(
    fc.property(batches, keys, (steps, key) => {
      const { tree, rows } = apply(steps);
      const value = rows.get(key);
      const claim = value === undefined ? null : text.encode(value);
      const proof = proveTree(tree, keyPath(key, sha256));
      const verify = (claimed: Uint8Array | null) => verifyState(rootHash(tree), key, claimed, proof, sha256);
      expect(verify(claim)).toBe(true);
      expect(verify(text.encode(`${value} and more`))).toBe(false);
      expect(verify(claim === null ? text.encode('here') : null)).toBe(false);
    }),
  );
});

test('a proof with a changed sibling, one left out or one added is refused', () => {
  const { tree } = apply([Array.from({ length: 40 }, (_, i) => [`key/${i}`, 'v'] as const)]);
  const proof = proveTree(tree, keyPath('key/7', sha256));
  const verify = (siblings: readonly Uint8Array[]) =>
    verifyState(rootHash(tree), 'key/7', text.encode('v'), { ...proof, siblings }, sha256);
  expect(verify(proof.siblings)).toBe(true);
  expect(verify(proof.siblings.with(0, EMPTY_HASH))).toBe(false);
  expect(verify(proof.siblings.slice(1))).toBe(false);
  expect(verify([...proof.siblings, EMPTY_HASH])).toBe(false);
  expect(verify(Array.from({ length: 300 }, () => EMPTY_HASH))).toBe(false);
});

test('a root and proofs that were taken stay as they are when the tree changes', () => {
  const tree = updateTree(null, [change('a', '1'), change('b', '2'), change('c', '3')], sha256);
  const root = rootHash(tree);
  const proof = proveTree(tree, keyPath('b', sha256));
  const absence = proveTree(tree, keyPath('d', sha256));
  updateTree(tree, [change('a', '9'), change('b', null), change('c', '7'), change('d', '4')], sha256);
  expect(verifyState(root, 'b', text.encode('2'), proof, sha256)).toBe(true);
  expect(verifyState(root, 'd', null, absence, sha256)).toBe(true);
});

test('removing what was never there changes nothing', () => {
  const tree = updateTree(null, [change('a', '1'), change('b', '2')], sha256);
  expect(updateTree(tree, [change('c', null)], sha256)).toBe(tree);
});
