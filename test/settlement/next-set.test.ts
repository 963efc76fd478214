// The next validator set: how far each wish is granted at once.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isSameSet, mayChange, nextSet } from '#machines/settlement/next-set.ts';
import type { Candidate } from '#schemas/settlement/state.ts';
import { MAX_SET_POWER, MAX_VALIDATORS } from '#schemas/wire/limits.ts';

const named = (id: string, power: number): Candidate => ({ id, operator: '', power, cosigner: '', encryption_key: '' });
const setOf = (powers: Readonly<Record<string, number>>) =>
  Object.entries(powers).map(([id, power]) => ({ ...named(id, power), beacon_shares: [] }));
const wishesOf = (powers: Readonly<Record<string, number>>) =>
  Object.entries(powers).map(([id, power]) => named(id, power));
const powersOf = (set: readonly Candidate[]) => Object.fromEntries(set.map(({ id, power }) => [id, power]));
const after = (set: Readonly<Record<string, number>>, wishes: Readonly<Record<string, number>>) =>
  powersOf(nextSet(setOf(set), wishesOf(wishes)));

describe('what is granted', () => {
  test('a newcomer comes behind the others, who keep their places', () => {
    const next = nextSet(setOf({ a: 1, b: 2, c: 1 }), wishesOf({ d: 1 }));
    expect(next.map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd']);
  });
  test('who comes first is served first, the rest waits', () => {
    expect(after({ a: 1, b: 1, c: 1, d: 1 }, { d: 0, e: 1 })).toEqual({ a: 1, b: 1, c: 1 });
    expect(after({ a: 1, b: 1, c: 1, d: 1 }, { e: 1, d: 0 })).toEqual({ a: 1, b: 1, c: 1, d: 1, e: 1 });
  });
  test('what comes and what goes count together', () => {
    expect(after({ a: 2, b: 2, c: 2 }, { c: 0, d: 2 })).toEqual({ a: 2, b: 2 });
    expect(after({ a: 2, b: 2, c: 2 }, { c: 1, d: 1 })).toEqual({ a: 2, b: 2, c: 1, d: 1 });
  });
  test('the heaviest validator goes in steps, and a heavy newcomer comes in steps', () => {
    expect(after({ a: 4, b: 1, c: 1 }, { a: 0 })).toEqual({ a: 2, b: 1, c: 1 });
    expect(after({ a: 2, b: 2, c: 2 }, { d: 9 })).toEqual({ a: 2, b: 2, c: 2, d: 2 });
  });
  test('sets of one or two seats stay as they are: there is no third of them', () => {
    expect(after({ a: 1, b: 1 }, { c: 1 })).toEqual({ a: 1, b: 1 });
    expect(after({ a: 2 }, { a: 0 })).toEqual({ a: 2 });
  });
  test('no more than MAX_SET_POWER seats and MAX_VALIDATORS validators', () => {
    expect(after({ a: MAX_SET_POWER - 1 }, { b: 5 })).toEqual({ a: MAX_SET_POWER - 1, b: 1 });
    const full = Object.fromEntries(Array.from({ length: MAX_VALIDATORS }, (_, i) => [`v${i}`, 1]));
    expect(after(full, { late: 1, v0: 2 })).toEqual({ ...full, v0: 2 });
    expect(Object.keys(after(full, { v7: 0, late: 1 }))).toHaveLength(MAX_VALIDATORS);
  });
  test('sets are the same by members, order and power', () => {
    expect(isSameSet(wishesOf({ a: 1, b: 2 }), wishesOf({ a: 1, b: 2 }))).toBe(true);
    for (const other of [{ a: 1 }, { a: 1, b: 1 }, { b: 2, a: 1 }])
      expect(isSameSet(wishesOf({ a: 1, b: 2 }), wishesOf(other))).toBe(false);
  });
});

const powers = fc.dictionary(fc.constantFrom(...Array.from('abcdefghij')), fc.integer({ min: 1, max: 12 }), {
  minKeys: 1,
});
const wishes = fc.dictionary(fc.constantFrom(...Array.from('abcdefghijklmnop')), fc.integer({ min: 0, max: 60 }));

test('never more than a third comes and goes, never beyond the limits, never empty, nobody beyond what it asked for', () => {
  fc.assert(
    fc.property(powers, wishes, (set, wish) => {
      const next = after(set, wish);
      const total = Object.values(set).reduce((a, b) => a + b, 0);
      const changed = Object.keys({ ...set, ...next }).reduce(
        (sum, id) => sum + Math.abs((next[id] ?? 0) - (set[id] ?? 0)),
        0,
      );
      const left = Object.values(next).reduce((a, b) => a + b, 0);
      expect(changed).toBeLessThanOrEqual(mayChange(total));
      expect(left).toBeGreaterThan(0);
      expect(left).toBeLessThanOrEqual(Math.max(total, MAX_SET_POWER));
      for (const [id, power] of Object.entries(next)) {
        const [least, most] = [set[id] ?? 0, wish[id] ?? set[id] ?? 0].toSorted((a, b) => a - b);
        expect(power).toBeGreaterThanOrEqual(Math.max(1, least ?? 0));
        expect(power).toBeLessThanOrEqual(most ?? 0);
      }
    }),
  );
});

test('step by step every wish is granted, if there is a third and room', () => {
  fc.assert(
    fc.property(powers, wishes, (set, wish) => {
      const wanted = { ...set, ...wish };
      const total = Object.values(wanted).reduce((a, b) => a + b, 0);
      fc.pre(total >= 3 && total <= MAX_SET_POWER && Object.values(set).reduce((a, b) => a + b, 0) >= 3);
      let now = setOf(set);
      for (let i = 0; i < 200; i++) now = nextSet(now, wishesOf(wish)).map((c) => ({ ...c, beacon_shares: [] }));
      expect(powersOf(now)).toEqual(Object.fromEntries(Object.entries(wanted).filter(([, power]) => power > 0)));
    }),
  );
});
