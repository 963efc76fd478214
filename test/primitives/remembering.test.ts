// What is remembered of texts: each made once while it is known, and never another thing.
import { expect, test } from 'vitest';
import { remembering } from '#machines/primitives/remembering.ts';

test('what was made of a text is made once, and all get the same one', () => {
  let made_count = 0;
  const bytesOf = remembering((text) => {
    made_count++;
    return Uint8Array.of(text.length);
  });
  expect(bytesOf('unit')).toBe(bytesOf('unit'));
  expect(bytesOf('')).toEqual(Uint8Array.of(0));
  expect(made_count).toBe(2);
});

test('a flood of texts is forgotten, and what is made of each stays right', () => {
  let made_count = 0;
  const doubled = remembering((text) => {
    made_count++;
    return `${text}${text}`;
  });
  const flood = Array.from({ length: 10_000 }, (_, i) => `${i}`);
  expect(flood.map(doubled)).toEqual(flood.map((text) => `${text}${text}`));
  expect(doubled('0')).toBe('00');
  expect(made_count).toBe(10_001);
});
