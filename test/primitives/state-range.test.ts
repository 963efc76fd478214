// Runs of rows against the tree that they are of: whatever is changed, left out, added or moved is noticed.
import { sha256 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ProofStep } from '#machines/primitives/state-hashes.ts';
import { checkRange, RowFold, type StateRange, type StateRow } from '#machines/primitives/state-range.ts';
import { StateTree } from '#machines/primitives/state-tree.ts';

const text = new TextEncoder();

/** Some keys begin others, some differ early, some in their last bit. */
const keys = fc.oneof(
  fc.integer({ min: 0, max: 300 }).map((n) => `key/${n}`),
  fc.string({ unit: fc.constantFrom('a', 'b', '/', '\x01', '\x7f'), maxLength: 5 }),
);
const states = fc
  .uniqueArray(fc.tuple(keys, fc.string({ maxLength: 4 })), { selector: ([key]) => key, minLength: 1, maxLength: 60 })
  .map((rows): StateRow[] =>
    rows.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => ({ key, value: text.encode(value) })),
  );
/** A state, cut into runs of at most this many rows each. */
const cuts = fc.record({ rows: states, size: fc.integer({ min: 1, max: 9 }) });

function rootOf(rows: readonly StateRow[]): Uint8Array {
  const tree = new StateTree(sha256);
  tree.update(rows);
  return tree.root();
}

/** All runs of the state, as a server makes them: in one pass. */
function runsOf({ rows, size }: { readonly rows: readonly StateRow[]; readonly size: number }): StateRange[] {
  const fold = new RowFold(sha256);
  const runs = Array.from({ length: Math.ceil(rows.length / size) }, (_, i) => rows.slice(i * size, (i + 1) * size));
  for (const run of runs)
    for (const [i, row] of run.entries()) {
      fold.add(row);
      if (i === 0 || i === run.length - 1) fold.keep();
    }
  const sides = fold.sides(runs.map((run) => ({ first: run[0]?.key ?? '', last: run.at(-1)?.key ?? '' })));
  return runs.map((run, i) => ({ rows: run, left: sides[i]?.left ?? [], right: sides[i]?.right ?? [] }));
}

const bytesOf = (steps: readonly ProofStep[]) =>
  steps.map(({ bit, sibling }) => `${bit} ${Buffer.from(sibling).toString('hex')}`);

test('every run of a state is shown under its root, and each tells what stands left of the next', () => {
  fc.assert(
    fc.property(cuts, (cut) => {
      const root = rootOf(cut.rows);
      const runs = runsOf(cut);
      for (const [i, run] of runs.entries()) {
        const fold = checkRange(root, run, sha256);
        expect(fold).toBeDefined();
        const next = runs[i + 1]?.rows[0]?.key;
        const left = next === undefined ? run.right : (fold?.leftOf(next) ?? []);
        expect(bytesOf(left)).toEqual(bytesOf(runs[i + 1]?.left ?? []));
      }
      expect(runs[0]?.left).toEqual([]);
    }),
  );
});

describe('a run is refused where', () => {
  /** What may be done to a run of several, and which of its rows it is done to. */
  const CHANGES: Record<string, (rows: readonly StateRow[], at: number) => readonly StateRow[]> = {
    'a value is another': (rows, at) =>
      rows.map((row, i) => (i === at ? { ...row, value: text.encode(`${row.value.join()},`) } : row)),
    'a row is missing': (rows, at) => rows.toSpliced(at, 1),
    'a row is added': (rows, at) =>
      rows.toSpliced(at + 1, 0, { key: `${rows[at]?.key}\x01\x01`, value: new Uint8Array(1) }),
    'a row has another key': (rows, at) =>
      rows.map((row, i) => (i === at ? { ...row, key: `${row.key}\x01\x01` } : row)),
    'two rows have changed their values': (rows, at) => {
      const [a, b] = [rows[at], rows[(at + 1) % rows.length]];
      return rows.map((row) => (row === a ? { ...row, value: b?.value ?? row.value } : row));
    },
    'a row stands elsewhere': (rows, at) => [...rows.toSpliced(at, 1), ...rows.slice(at, at + 1)],
    'a row stands there twice': (rows, at) => rows.toSpliced(at, 0, ...rows.slice(at, at + 1)),
  };
  const same = (a: readonly StateRow[], b: readonly StateRow[]): boolean =>
    a.length === b.length &&
    a.every(({ key, value }, i) => key === b[i]?.key && Buffer.compare(value, b[i]?.value ?? new Uint8Array()) === 0);

  test.each(Object.entries(CHANGES))('%s', (_name, change) => {
    fc.assert(
      fc.property(cuts, fc.nat(), fc.nat(), (cut, which, where) => {
        const root = rootOf(cut.rows);
        const runs = runsOf(cut);
        const run = runs[which % runs.length] as StateRange;
        const rows = change(run.rows, where % run.rows.length);
        expect(same(rows, run.rows) || checkRange(root, { ...run, rows }, sha256) === undefined).toBe(true);
      }),
    );
  });

  const SIDES: Record<string, (steps: readonly ProofStep[], at: number) => readonly ProofStep[]> = {
    'a side is missing': (steps, at) => steps.toSpliced(at, 1),
    'a side is another': (steps, at) =>
      steps.map((step, i) => (i === at ? { ...step, sibling: text.encode('?'.repeat(32)) } : step)),
    'a side is of another length': (steps, at) =>
      steps.map((step, i) => (i === at ? { ...step, sibling: step.sibling.subarray(1) } : step)),
    'a side hangs at another bit': (steps, at) =>
      steps.map((step, i) => (i === at ? { ...step, bit: step.bit + 1 } : step)),
    'a bit is another with the same bytes': (steps, at) =>
      steps.map((step, i) => (i === at ? { ...step, bit: step.bit + 65_536 } : step)),
    'a side is added': (steps, at) => steps.toSpliced(at, 0, { bit: 7, sibling: new Uint8Array(32) }),
    'the sides are turned round': (steps) => steps.toReversed(),
  };
  test.each(Object.entries(SIDES))('%s', (_name, change) => {
    fc.assert(
      fc.property(cuts, fc.nat(), fc.nat(), fc.boolean(), (cut, which, where, isLeft) => {
        const runs = runsOf(cut);
        const run = runs[which % runs.length] as StateRange;
        const steps = isLeft ? run.left : run.right;
        const changed = change(steps, steps.length === 0 ? 0 : where % steps.length);
        if (bytesOf(changed).join() === bytesOf(steps).join()) return;
        const forged = isLeft ? { ...run, left: changed } : { ...run, right: changed };
        expect(checkRange(rootOf(cut.rows), forged, sha256)).toBeUndefined();
      }),
    );
  });

  test('there is no row in it', () => {
    const [run] = runsOf({ rows: [{ key: 'a', value: text.encode('1') }], size: 1 });
    const root = rootOf(run?.rows ?? []);
    expect(checkRange(root, { rows: [], left: [], right: [] }, sha256)).toBeUndefined();
    expect(checkRange(root, { rows: [], left: [{ bit: 0, sibling: root }], right: [] }, sha256)).toBeUndefined();
  });

  test('it is of another state', () => {
    fc.assert(
      fc.property(cuts, keys, (cut, key) => {
        const other = rootOf([...cut.rows.filter((row) => row.key !== key), { key, value: text.encode('other') }]);
        for (const run of runsOf(cut)) expect(checkRange(other, run, sha256)).toBeUndefined();
      }),
    );
  });
});

test('a run that was cut short does not lead to what stands left of the next', () => {
  fc.assert(
    fc.property(cuts, (cut) => {
      const root = rootOf(cut.rows);
      const [first, second] = runsOf(cut);
      const [short] = runsOf({ rows: cut.rows, size: Math.max(1, cut.size - 1) });
      if (first === undefined || second === undefined || short === undefined || cut.size === 1) return;
      const left = checkRange(root, short, sha256)?.leftOf(second.rows[0]?.key ?? '');
      expect(bytesOf(left ?? [])).not.toEqual(bytesOf(second.left));
    }),
  );
});

test('two hashes for each row, and open branches are all that is held', () => {
  let count = 0;
  const counted = (data: Uint8Array) => {
    count++;
    return sha256(data);
  };
  const fold = new RowFold(counted);
  for (let i = 0; i < 1_000; i++) fold.add({ key: `row/${String(i).padStart(4, '0')}`, value: text.encode('v') });
  fold.root();
  expect(count).toBe(1_999);
  expect(fold.leftOf('row/9999').length).toBeLessThan(32);
});
