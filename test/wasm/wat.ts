// Modules for the tests, from the text format, with every proposal that the assembler knows switched on.
import binaryen from 'binaryen';

/** The binary of a module in the text format; it need not be valid. */
export function wat(text: string): Uint8Array<ArrayBuffer> {
  const module = binaryen.parseText(text);
  module.setFeatures(binaryen.Features.All);
  const bytes = new Uint8Array(module.emitBinary());
  module.dispose();
  return bytes;
}

/** Unsigned LEB128. */
export function leb(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(Math.floor(value / 0x80))];
}

/** A module from its sections, byte by byte: for what no assembler writes. */
export function binary(
  ...sections: readonly (readonly [id: number, content: readonly number[]])[]
): Uint8Array<ArrayBuffer> {
  const parts = sections.map(([id, content]) => Uint8Array.from([id, ...leb(content.length), ...content]));
  return new Uint8Array(Buffer.concat([Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00), ...parts]));
}

/** A module of one function without parameters, whose body is these bytes: no locals are put before, no `end` behind. */
export const bodyOf = (code: readonly number[]): Uint8Array<ArrayBuffer> =>
  binary([1, [1, 0x60, 0, 0]], [3, [1, 0]], [7, [1, 1, 0x66, 0, 0]], [10, [1, ...leb(code.length), ...code]]);
