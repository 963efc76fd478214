// Runs of rows of the state tree in key order: each shows on its own that it stands under a state root, with nothing left out
// between its first and its last key.
import { assert, present } from './assert.ts';
import { equalBytes } from './bytes.ts';
import type { Sha256 } from './seeded-draw.ts';
import { bitOf, differingBit, isRowKey, isStep, type ProofStep, StateHasher } from './state-hashes.ts';

/** A row as it is hashed: bytes of its value. */
export type StateRow = { readonly key: string; readonly value: Uint8Array };

/** The subtrees beside a run, each with the bit of the branch that holds it: what makes its rows a root. */
export type RangeSides = {
  /** To the left of the first row, from the root down; none where the run begins the state. */
  readonly left: readonly ProofStep[];
  /** To the right of the last row, from the row up; none where the run ends the state. */
  readonly right: readonly ProofStep[];
};
export type StateRange = RangeSides & { readonly rows: readonly StateRow[] };

/** A node of the part of the tree that is kept; without sides it is a row, or a subtree of which only the hash is wanted. */
type Node = { readonly hash: Uint8Array; readonly sides?: Sides };
type Sides = { readonly bit: number; readonly left: Node; readonly right: Node };
/** A node whose branch, at `bit`, still waits for its right side. */
type Open = { readonly bit: number; readonly node: Node };

/**
 * The run, checked, or undefined where it is not one of the tree with this root. The tree was made by validators from rows in order,
 * and its hashes fix every branch with its bit and sides. So whatever leads to its root shows the tree as it is: left sides, rows and
 * right sides are all there is, in this order. Never throws.
 */
export function checkRange(root: Uint8Array, range: StateRange, sha256: Sha256): RowFold | undefined {
  const { rows, left, right } = range;
  const isWellFormed =
    rows.length > 0 &&
    rows.every(({ key }, i) => isRowKey(key) && (i === 0 || key > (rows[i - 1]?.key ?? ''))) &&
    [...left, ...right].every(isStep);
  if (!isWellFormed) return undefined;
  const fold = new RowFold(sha256, left);
  for (const row of rows) fold.add(row);
  return equalBytes(fold.root(right), root) ? fold : undefined;
}

/**
 * Rows, one after the other in key order, to the tree over them: a branch is closed as soon as a key turns above it. It keeps no more
 * than the open branches, one a level, and the ways to the edges of runs.
 */
export class RowFold {
  readonly #hash: StateHasher;
  /** From the root down, bits rising. */
  readonly #open: Open[];
  #last: (StateRow & { node: Node }) | undefined;
  /** Rows at the edge of a run, and branches above one. */
  readonly #kept = new Set<Node>();

  /** @param left what stands to the left of the first row */
  constructor(sha256: Sha256, left: readonly ProofStep[] = []) {
    this.#hash = new StateHasher(sha256);
    this.#open = left.map(({ bit, sibling }) => ({ bit, node: { hash: sibling } }));
  }

  /** Add the row with the next key. */
  add(row: StateRow): void {
    const node = { hash: this.#hash.leaf(row.key, row.value) };
    if (this.#last !== undefined) this.#turn(row.key, this.#open);
    this.#last = { ...row, node };
  }

  /** The row added last is the first or the last one of a run: `sidesOf` will ask for it. */
  keep(): void {
    this.#kept.add(present(this.#last, 'a row was added').node);
  }

  /** What stands to the left of the row `key`, if it is the next one. */
  leftOf(key: string): ProofStep[] {
    const open = [...this.#open];
    this.#turn(key, open);
    return open.map(({ bit, node }) => ({ bit, sibling: node.hash }));
  }

  /** Root of the tree, with what stands to the right of the last row. */
  root(right: readonly ProofStep[] = []): Uint8Array {
    return this.#close(right).hash;
  }

  /** The sides of the runs between kept rows, each named by its first and last key. */
  sides(runs: readonly { readonly first: string; readonly last: string }[]): RangeSides[] {
    const top = this.#close([]);
    return runs.map(({ first, last }) => ({
      left: stepsTo(top, first).filter(({ isLeft }) => isLeft),
      right: stepsTo(top, last)
        .filter(({ isLeft }) => !isLeft)
        .toReversed(),
    }));
  }

  /** Close what ends with the last row where `key` comes next: what is left open is all to the left of it. */
  #turn(key: string, open: Open[]): void {
    const last = present(this.#last, 'a row was added');
    assert(key > last.key, 'rows come in the order of their keys');
    const bit = differingBit(last.key, key);
    const node = this.#closeAbove(bit, open, last.node);
    open.push({ bit, node });
  }

  #close(right: readonly ProofStep[]): Node {
    const open = [...this.#open];
    let node = present(this.#last, 'a row was added').node;
    for (const { bit, sibling } of right) {
      node = this.#closeAbove(bit, open, node);
      node = this.#branch(bit, node, { hash: sibling });
    }
    return this.#closeAbove(-1, open, node);
  }

  /** Close the open branches below the one at `bit`, taking them away; `node` is the right side of the last. */
  #closeAbove(bit: number, open: Open[], node: Node): Node {
    let right = node;
    for (let top = open.at(-1); top !== undefined && top.bit > bit; top = open.at(-1)) {
      open.pop();
      right = this.#branch(top.bit, top.node, right);
    }
    return right;
  }

  #branch(bit: number, left: Node, right: Node): Node {
    const hash = this.#hash.branch(bit, left.hash, right.hash);
    if (!this.#kept.has(left) && !this.#kept.has(right)) return { hash };
    const node = { hash, sides: { bit, left, right } };
    this.#kept.add(node);
    return node;
  }
}

/** The sides that the way to `key` does not take, from the root down. */
function stepsTo(top: Node, key: string): (ProofStep & { readonly isLeft: boolean })[] {
  const steps: (ProofStep & { readonly isLeft: boolean })[] = [];
  for (let { sides } = top; sides !== undefined; ) {
    const { bit, left, right }: Sides = sides;
    const isRight = bitOf(key, bit) === 1;
    steps.push({ bit, sibling: isRight ? left.hash : right.hash, isLeft: isRight });
    sides = (isRight ? right : left).sides;
  }
  return steps;
}
