// The checker of histories: it takes what one copy could have shown, and nothing else.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { linearize, type Operation } from '../support/linearizability.ts';

const add = (client: string, value: bigint, begin_ms: number, end_ms: number): Operation => ({
  client,
  type: 'add',
  value,
  begin_ms,
  end_ms,
});
const read = (client: string, value: bigint, begin_ms: number, end_ms: number): Operation => ({
  client,
  type: 'read',
  value,
  begin_ms,
  end_ms,
});

test('a read that began after an addition had ended, and does not show it, is stale', () => {
  expect(linearize([add('a', 5n, 0, 10), read('b', 5n, 11, 12)])).toBeDefined();
  expect(linearize([add('a', 5n, 0, 10), read('b', 0n, 11, 12)])).toBeUndefined();
});

test('while an addition is under way a read may show it or not', () => {
  expect(linearize([add('a', 5n, 0, 10), read('b', 0n, 3, 4)])).toBeDefined();
  expect(linearize([add('a', 5n, 0, 10), read('b', 5n, 3, 4)])).toBeDefined();
});

test('once one read has shown it, no later one may not', () => {
  const shown = [add('a', 5n, 0, 100), read('b', 5n, 3, 4)];
  expect(linearize([...shown, read('c', 5n, 5, 6)])).toBeDefined();
  expect(linearize([...shown, read('c', 0n, 5, 6)])).toBeUndefined();
});

test('an addition of unknown fate may show at once, late, or never; but not go away again', () => {
  const unknown = add('a', 5n, 0, Infinity);
  expect(linearize([unknown, read('b', 0n, 1, 2), read('b', 5n, 50, 51)])).toBeDefined();
  expect(linearize([unknown, read('b', 0n, 1, 2)])).toBeDefined();
  expect(linearize([unknown, read('b', 5n, 1, 2), read('b', 0n, 3, 4)])).toBeUndefined();
});

test('two reads that show two additions in different orders cannot both be right', () => {
  const adds = [add('a', 1n, 0, 100), add('b', 2n, 0, 100)];
  expect(linearize([...adds, read('c', 1n, 10, 20), read('d', 3n, 30, 40)])).toBeDefined();
  expect(linearize([...adds, read('c', 1n, 10, 20), read('d', 2n, 30, 40)])).toBeUndefined();
});

/** Clients on one true copy: each operation takes effect at a moment, and is seen to last from some time before to some time after. */
const histories = fc
  .array(fc.record({ isAdd: fc.boolean(), before_ms: fc.nat(50), after_ms: fc.nat(50) }), {
    minLength: 2,
    maxLength: 40,
  })
  .map((moments) => {
    let value = 0n;
    return moments.map(({ isAdd, before_ms, after_ms }, i): Operation => {
      if (isAdd) value += BigInt(i + 1);
      const at_ms = 10 * i;
      return {
        client: `${i}`,
        type: isAdd ? 'add' : 'read',
        value: isAdd ? BigInt(i + 1) : value,
        begin_ms: at_ms - before_ms,
        end_ms: at_ms + after_ms,
      };
    });
  });

test('whatever a single copy shows is taken', () => {
  fc.assert(
    fc.property(histories, (history) => {
      expect(linearize(history)).toBeDefined();
    }),
  );
});

test('a planted stale read is found in any history: it shows what was there before an addition that had ended', () => {
  fc.assert(
    fc.property(histories, fc.nat(), (history, where) => {
      const end_ms = Math.max(...history.map((one) => one.end_ms));
      const sum = history.filter(({ type }) => type === 'add').reduce((all, { value }) => all + value, 0n);
      const planted = read('stale', sum, end_ms + 3, end_ms + 4);
      const all = [...history, add('last', 1_000n, end_ms + 1, end_ms + 2)];
      const at = where % (all.length + 1);
      expect(linearize([...all.slice(0, at), planted, ...all.slice(at)])).toBeUndefined();
    }),
  );
});
