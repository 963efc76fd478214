// Numbers, hex and parts of fixed length in a buffer that is used again: what was there before never shows.
import { expect, test } from 'vitest';
import { readU32, writeFixed, writeHex, writeU32 } from '#machines/primitives/bytes.ts';

test('a part of another length than its place is a bug, not a mix of old and new bytes', () => {
  const buffer = new Uint8Array(8).fill(0xff);
  for (const length of [3, 5]) expect(() => writeFixed(buffer, 2, new Uint8Array(length), 4)).toThrow('fixed length');
  writeFixed(buffer, 2, Uint8Array.of(1, 2, 3, 4), 4);
  expect([...buffer]).toEqual([255, 255, 1, 2, 3, 4, 255, 255]);
});

test('numbers are read as they were written, up to 2^32 − 1', () => {
  const buffer = new Uint8Array(6);
  for (const value of [0, 1, 0x01020304, 2 ** 31, 2 ** 32 - 1]) {
    writeU32(buffer, 1, value);
    expect(readU32(buffer, 1)).toBe(value);
  }
});

test('hex is written as node reads it', () => {
  const text = '00ff10a9b8c7d6e5';
  const buffer = new Uint8Array(8);
  writeHex(buffer, 0, text);
  expect(Buffer.from(buffer).toString('hex')).toBe(text);
});
