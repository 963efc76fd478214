// Merkle trees against the published vectors of RFC 6962's reference implementation, and by algebra over all small sizes.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  consistencyProof,
  inclusionProof,
  leafHash,
  merkleRoot,
  verifyConsistency,
  verifyInclusion,
} from '#machines/primitives/merkle.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

// The eight entries and roots of the certificate-transparency reference tests (merkle tree vectors of RFC 6962's authors).
const ENTRIES = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
].map((entry) => leafHash(Buffer.from(entry, 'hex')));
const ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const leaves = (size: number): Uint8Array[] => Array.from({ length: size }, (_, i) => leafHash(Uint8Array.of(i)));
const at = <T>(list: readonly T[], index: number): T => {
  const value = list[index];
  if (value === undefined) throw new RangeError(`nothing at ${index}`);
  return value;
};

test('the roots of the published vectors come out', () => {
  expect(ROOTS.map((_, size) => hex(merkleRoot(ENTRIES.slice(0, size))))).toEqual(ROOTS);
});

test('the published inclusion and consistency paths come out', () => {
  expect(inclusionProof(ENTRIES, 0).map(hex)).toEqual([
    '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
    '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
    '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
  ]);
  expect(consistencyProof(ENTRIES, 6).map(hex)).toEqual([
    '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
    'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  ]);
});

test('every leaf of every tree up to 40 has a proof, and it fits no other place, size or leaf', () => {
  for (let size = 1; size <= 40; size++) {
    const tree = leaves(size);
    const root = merkleRoot(tree);
    for (let index = 0; index < size; index++) {
      const proof = inclusionProof(tree, index);
      const leaf = at(tree, index);
      expect(verifyInclusion(root, size, index, leaf, proof)).toBe(true);
      expect(verifyInclusion(root, size, index + 1, leaf, proof)).toBe(false);
      expect(verifyInclusion(root, size, index, leafHash(Uint8Array.of(99)), proof)).toBe(false);
      expect(verifyInclusion(root, size, index, leaf, [...proof, leaf])).toBe(false);
      expect(verifyInclusion(root, size, index, leaf, proof.slice(0, -1))).toBe(size === 1);
    }
  }
});

test('every tree up to 40 is shown to extend every earlier one, and no other root passes', () => {
  for (let second = 1; second <= 40; second++) {
    const tree = leaves(second);
    const secondRoot = merkleRoot(tree);
    for (let first = 1; first <= second; first++) {
      const firstRoot = merkleRoot(tree.slice(0, first));
      const proof = consistencyProof(tree, first);
      expect(verifyConsistency(first, firstRoot, second, secondRoot, proof)).toBe(true);
      expect(verifyConsistency(first, leafHash(firstRoot), second, secondRoot, proof)).toBe(false);
      expect(verifyConsistency(first, firstRoot, second, leafHash(secondRoot), proof)).toBe(false);
      expect(verifyConsistency(first, firstRoot, second, secondRoot, [...proof, firstRoot])).toBe(false);
    }
  }
});

test('no flipped bit of a proof passes', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 300 }), fc.nat(), fc.nat(), fc.nat(7), (size, place, byte, bit) => {
      const tree = Array.from({ length: size }, (_, i) => leafHash(Uint8Array.of(i >> 8, i & 255)));
      const index = place % size;
      const proof = inclusionProof(tree, index).map((hash) => hash.slice());
      const broken = at(proof, byte % proof.length);
      broken[byte % 32] = at([...broken], byte % 32) ^ (1 << bit);
      expect(verifyInclusion(merkleRoot(tree), size, index, at(tree, index), proof)).toBe(false);
    }),
    { numRuns: 200 },
  );
});

test('a leaf is not a node: the prefixes differ', () => {
  const [left, right] = leaves(2);
  expect(hex(leafHash(Buffer.concat([left ?? Buffer.alloc(0), right ?? Buffer.alloc(0)])))).not.toBe(
    hex(merkleRoot(leaves(2))),
  );
});

test('asking for a proof of what is not there is a bug', () => {
  expect(() => inclusionProof(leaves(3), 3)).toThrow(RangeError);
  expect(() => consistencyProof(leaves(3), 0)).toThrow(RangeError);
  expect(() => consistencyProof(leaves(3), 4)).toThrow(RangeError);
});
