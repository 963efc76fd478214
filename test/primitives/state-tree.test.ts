// The state tree against its definition written out naively, and its proofs against tampering.

import { sha256 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EMPTY_HASH } from '#machines/primitives/state-hashes.ts';
import { type StateProof, StateTree, verifyState } from '#machines/primitives/state-tree.ts';

const text = new TextEncoder();
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const u8 = (value: number): Buffer => Buffer.of(value & 0xff);

/** The bits of a key, with zeros behind its end. */
const bitsOf = (key: string): string =>
  Array.from(text.encode(key.padEnd(40, '\0')), (byte) => byte.toString(2).padStart(8, '0')).join('');

/** The definition: nothing is zeros, one row is a leaf, more are split where their keys first differ. */
function naiveRoot(rows: readonly (readonly [key: string, value: string])[]): Buffer {
  const [first] = rows;
  if (first === undefined) return Buffer.alloc(32);
  const [key, value] = first;
  if (rows.length === 1) return digest(u8(0), u8(key.length), text.encode(key), text.encode(value));
  const bits = rows.map(([other]) => bitsOf(other));
  let bit = 0;
  while (bits.every((one) => one[bit] === bits[0]?.[bit])) bit++;
  const [left = EMPTY_HASH, right = EMPTY_HASH] = ['0', '1'].map((side) =>
    naiveRoot(rows.filter((_, i) => bits[i]?.[bit] === side)),
  );
  return digest(u8(1), u8(bit >> 8), u8(bit), left, right);
}
const digest = (...parts: Uint8Array[]): Buffer => Buffer.from(sha256(Buffer.concat(parts)));
const naive = (rows: ReadonlyMap<string, string>): string => hex(naiveRoot(Array.from(rows)));

/** Some keys begin others, some differ early, some in their last bit. */
const keys = fc.oneof(
  fc.integer({ min: 0, max: 120 }).map((n) => `key/${n}`),
  fc.string({ unit: fc.constantFrom('a', 'b', '/', '\x01', '\x7f'), maxLength: 5 }),
);
const batches = fc.array(
  fc.uniqueArray(fc.tuple(keys, fc.option(fc.string({ maxLength: 4 }))), { selector: ([key]) => key, maxLength: 30 }),
  { maxLength: 12 },
);
type Batch = readonly (readonly [key: string, value: string | null])[];

const write = (tree: StateTree, batch: Batch): void =>
  tree.update(batch.map(([key, value]) => ({ key, value: value === null ? null : text.encode(value) })));

/** The tree and the plain map after the same batches; roots are asked for in between, as blocks do. */
function apply(steps: readonly Batch[]) {
  const rows = new Map<string, string>();
  const tree = new StateTree(sha256);
  for (const step of steps) {
    for (const [key, value] of step) {
      if (value === null) rows.delete(key);
      else rows.set(key, value);
    }
    write(tree, step);
    tree.root();
  }
  return { tree, rows };
}

/** The proof that the ledger makes of what the tree finds. */
function prove(tree: StateTree, rows: ReadonlyMap<string, string>, key: string): StateProof {
  const { steps, found } = tree.find(key);
  const other = found === null || found === key ? null : { key: found, value: text.encode(rows.get(found)) };
  return { steps, other };
}

test('after any batches of writes and removals the root is that of the rows that are left', () => {
  fc.assert(
    fc.property(batches, (steps) => {
      const { tree, rows } = apply(steps);
      expect(hex(tree.root())).toBe(naive(rows));
      const { tree: atOnce } = apply([Array.from(rows).toReversed()]);
      expect(hex(atOnce.root())).toBe(naive(rows));
    }),
  );
});

test('every key has a proof, there or not, and no other value has one', () => {
  fc.assert(
    fc.property(batches, keys, (steps, key) => {
      const { tree, rows } = apply(steps);
      const value = rows.get(key);
      const claim = value === undefined ? null : text.encode(value);
      const proof = prove(tree, rows, key);
      const verify = (claimed: Uint8Array | null) => verifyState(tree.root(), key, claimed, proof, sha256);
      expect(verify(claim)).toBe(true);
      expect(verify(text.encode(`${value} and more`))).toBe(false);
      expect(verify(claim === null ? text.encode('here') : null)).toBe(false);
    }),
  );
});

test('no row that is there can be shown absent with the way to another', () => {
  fc.assert(
    fc.property(batches, (steps) => {
      const { tree, rows } = apply(steps);
      for (const key of rows.keys())
        for (const [found, value] of rows) {
          const proof = { steps: tree.find(found).steps, other: { key: found, value: text.encode(value) } };
          expect(verifyState(tree.root(), key, null, proof, sha256)).toBe(false);
        }
    }),
    { numRuns: 30 },
  );
});

const FORTY = new Map(Array.from({ length: 40 }, (_, i) => [`key/${i}`, 'v'] as const));

test('a proof with a changed step, one left out or one added is refused', () => {
  const { tree, rows } = apply([Array.from(FORTY)]);
  const { steps, other } = prove(tree, rows, 'key/7');
  const [first] = steps;
  if (first === undefined) throw new Error('forty keys make branches');
  const verify = (changed: StateProof['steps']) =>
    verifyState(tree.root(), 'key/7', text.encode('v'), { other, steps: changed }, sha256);
  expect(verify(steps)).toBe(true);
  expect(verify(steps.with(0, { ...first, sibling: EMPTY_HASH }))).toBe(false);
  expect(verify(steps.with(0, { ...first, sibling: first.sibling.subarray(1) }))).toBe(false);
  expect(verify(steps.with(0, { ...first, sibling: new Uint8Array(80) }))).toBe(false);
  expect(verify(steps.with(0, { ...first, bit: first.bit + 1 }))).toBe(false);
  expect(verify(steps.slice(1))).toBe(false);
  expect(verify([...steps, { bit: 100, sibling: EMPTY_HASH }])).toBe(false);
});

test('a key that no row can have is neither there nor proven absent', () => {
  const { tree } = apply([[['a', '\0value']]]);
  const proof = { steps: [], other: null };
  expect(verifyState(tree.root(), 'a', text.encode('\0value'), proof, sha256)).toBe(true);
  const other = { key: 'a', value: text.encode('\0value') };
  for (const key of ['a\0', 'é', 'a'.repeat(256)]) {
    expect(verifyState(tree.root(), key, text.encode('\0value'), proof, sha256)).toBe(false);
    expect(verifyState(tree.root(), key, null, { steps: [], other }, sha256)).toBe(false);
    expect(() => write(tree, [[key, 'value']])).toThrow('short ASCII text');
  }
});

test('a bit beyond all keys cannot lead another way with the bytes of a bit within them', () => {
  const { tree, rows } = apply([
    [
      ['a', '1'],
      ['b', '2'],
    ],
  ]);
  const [step] = tree.find('a').steps;
  if (step === undefined) throw new Error('two keys make a branch');
  const other = { key: 'a', value: text.encode(rows.get('a')) };
  for (const away of [65_536, -65_536]) {
    const steps = [{ ...step, bit: step.bit + away }];
    expect(verifyState(tree.root(), 'b', null, { steps, other }, sha256)).toBe(false);
  }
});

test('nothing is there in an empty tree', () => {
  const { tree } = apply([[['a', '1']], [['a', null]]]);
  expect(tree.root()).toEqual(EMPTY_HASH);
  expect(verifyState(tree.root(), 'a', null, { steps: [], other: null }, sha256)).toBe(true);
  expect(verifyState(tree.root(), 'a', text.encode('1'), { steps: [], other: null }, sha256)).toBe(false);
});

test('a root and proofs that were taken stay as they are when the tree changes', () => {
  const { tree, rows } = apply([
    [
      ['a', '1'],
      ['b', '2'],
      ['c', '3'],
    ],
  ]);
  const root = tree.root();
  const proof = prove(tree, rows, 'b');
  const absence = prove(tree, rows, 'd');
  write(tree, [
    ['a', '9'],
    ['b', null],
    ['c', '7'],
    ['d', '4'],
  ]);
  tree.root();
  expect(verifyState(root, 'b', text.encode('2'), proof, sha256)).toBe(true);
  expect(verifyState(root, 'd', null, absence, sha256)).toBe(true);
});

test('a proof may be asked for before the root', () => {
  const { tree, rows } = apply([Array.from(FORTY)]);
  write(tree, [['key/7', 'new']]);
  const proof = prove(tree, rows, 'key/7');
  expect(verifyState(tree.root(), 'key/7', text.encode('new'), proof, sha256)).toBe(true);
});

test('removing what was never there changes nothing', () => {
  const { tree, rows } = apply([Array.from(FORTY)]);
  write(tree, [
    ['key/7/', null],
    ['', null],
  ]);
  expect(hex(tree.root())).toBe(naive(rows));
});

test('rows that change together share their branches: a write costs about two hashes, however many rows there are', () => {
  let count = 0;
  const tree = new StateTree((data) => {
    count++;
    return sha256(data);
  });
  const digits = (job: number): string => hex(sha256(text.encode(`${job}`))).slice(0, 32);
  const rowsOf = (job: number): Batch => Array.from({ length: 32 }, (_, i) => [`proofs/${digits(job)}/${i}`, 'v']);
  for (let job = 0; job < 500; job++) write(tree, rowsOf(job));
  tree.root();
  count = 0;
  write(tree, rowsOf(777));
  tree.root();
  expect(count).toBeLessThan(32 * 2 + 40);
});
