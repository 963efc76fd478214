// The lottery: fair, repeatable, and never in favour of who has a stake in the outcome.
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  canDraw,
  type DrawPoint,
  drawAuditors,
  drawWorker,
  explainDraw,
  poolOf,
  servesAnybody,
} from '#machines/work/draw.ts';

const text = new TextEncoder();
const name = (text_: string): string => bytesToHex(sha256(text.encode(text_)));
const UNIT = `${'ab'.repeat(16)}/7`;
const point = (n: number, purpose: DrawPoint['purpose'] = 'work'): DrawPoint => ({
  beacon: sha256(text.encode(`beacon ${n}`)),
  purpose,
  unit: UNIT,
  attempt: 1,
});
/** A pool of workers, each given by its operator. */
const pool = (operators: readonly string[]) =>
  poolOf(
    concatBytes(...operators.flatMap((operator, i) => [hexToBytes(name(`worker ${i}`)), hexToBytes(name(operator))])),
  );
const worker = (i: number): string => name(`worker ${i}`);
const NOBODY = { operators: [], excluded: [] };

test('each of ten workers is drawn equally often: chi-square below the 0.1 % limit of 9 degrees of freedom', () => {
  const ten = pool(Array.from({ length: 10 }, (_, i) => `operator ${i}`));
  const counts = new Map<string, number>();
  for (let n = 0; n < 10_000; n++) {
    const [drawn = ''] = drawWorker(point(n), ten, NOBODY, sha256);
    counts.set(drawn, (counts.get(drawn) ?? 0) + 1);
  }
  const chi = Array.from(counts.values()).reduce((sum, count) => sum + (count - 1_000) ** 2 / 1_000, 0);
  expect(counts.size).toBe(10);
  expect(chi).toBeLessThan(27.88);
});

test('beacon, unit, attempt and purpose each lead to another draw', () => {
  const many = pool(Array.from({ length: 200 }, (_, i) => `operator ${i}`));
  const base = point(1);
  const points = [
    base,
    { ...base, attempt: 2 },
    { ...base, unit: `${'ab'.repeat(16)}/8` },
    { ...base, purpose: 'audit' as const },
    point(2),
  ];
  expect(new Set(points.map((p) => drawWorker(p, many, NOBODY, sha256)[0])).size).toBe(points.length);
});

test('neither a barred operator nor an excluded worker is drawn while there is another', () => {
  const four = pool(['client', 'a', 'b', 'c']);
  for (let n = 0; n < 100; n++) {
    const drawn = drawWorker(point(n), four, { operators: [name('client')], excluded: [worker(1), worker(2)] }, sha256);
    expect(drawn).toEqual([worker(3)]);
  }
});

test('an excluded worker is drawn again where nobody else is left, a barred operator never', () => {
  const two = pool(['client', 'a']);
  expect(drawWorker(point(1), two, { operators: [name('client')], excluded: [worker(1)] }, sha256)).toEqual([
    worker(1),
  ]);
  expect(drawWorker(point(1), pool(['client']), { operators: [name('client')], excluded: [] }, sha256)).toEqual([]);
});

test('two auditors come from two operators, from one where there is one, and are nobody where there is none', () => {
  const filter = { operators: [name('a')], excluded: [] };
  for (let n = 0; n < 100; n++) {
    const three = drawAuditors(point(n, 'audit'), pool(['a', 'b', 'b', 'c']), filter, sha256);
    expect(three).toHaveLength(2);
    expect(three).toContain(worker(3));
    expect(three).not.toContain(worker(0));
  }
  const ofOne = drawAuditors(point(1, 'audit'), pool(['a', 'b', 'b']), filter, sha256);
  expect(ofOne.toSorted()).toEqual([worker(1), worker(2)].toSorted());
  expect(drawAuditors(point(1, 'audit'), pool(['a', 'b']), filter, sha256)).toEqual([]);
  expect(drawAuditors(point(1, 'audit'), pool(['a', 'a']), filter, sha256)).toEqual([]);
});

test('whether a draw is possible is known without drawing', () => {
  const operators = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 6 });
  fc.assert(
    fc.property(operators, fc.subarray([0, 1, 2, 3]), fc.nat(), (list, excluded, n) => {
      const filter = { operators: [name('a')], excluded: excluded.map(worker) };
      const members = pool(list);
      expect(canDraw('work', members, filter)).toBe(drawWorker(point(n), members, filter, sha256).length > 0);
      expect(canDraw('audit', members, filter)).toBe(
        drawAuditors(point(n, 'audit'), members, filter, sha256).length > 0,
      );
    }),
  );
});

test('a pool of two operators serves whoever the client is, a smaller one not everybody', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 4 }), (list) => {
      const members = pool(list);
      const isServed = (client: string) => canDraw('work', members, { operators: [name(client)], excluded: [] });
      expect(servesAnybody(members)).toBe(['a', 'b', 'c', 'd'].every(isServed));
    }),
  );
});

test('the explanation of a draw names every step up to the last one drawn', () => {
  const members = pool(['a', 'b', 'c', 'c']);
  const filter = { operators: [name('a')], excluded: [] };
  const at = { height: 9, pool_version: 3 };
  const told = explainDraw({ ...point(5), purpose: 'audit' }, at, members, filter, sha256);
  expect(told.drawn).toEqual(drawAuditors(point(5, 'audit'), members, filter, sha256));
  expect(
    told.steps
      .filter(({ taken }) => taken)
      .map(({ id }) => id)
      .toSorted(),
  ).toEqual([...told.drawn].toSorted());
  expect(told.steps.at(-1)?.taken).toBe(true);
  expect(told.pool).toHaveLength(4);
});
