// Writes the metered module: its sections, with what the pass adds behind the module's own.
import { MAX_MODULE_MEMORY_PAGES, MODULE_STACK_SLOTS } from '#schemas/wire/limits.ts';
import { type Added, BodyWriter } from './body-writer.ts';
import type { CallStack } from './call-stack.ts';
import type { FunctionBody } from './edits.ts';
import { ModuleWriter } from './module-writer.ts';
import { RESERVED_PREFIX } from './section-elements.ts';
import { type ModuleShape, SECTION, type Size } from './types.ts';

/** What the host finds in a rewritten module. */
export const ADDED_EXPORTS = {
  /** Mutable i64: fuel left. The host sets it before it calls anything; negative after a trap means that it ran out. */
  fuel: `${RESERVED_PREFIX}fuel`,
  /** Mutable i64: slots of stack left for recursion; negative after a trap means that it ran out. */
  stack: `${RESERVED_PREFIX}stack`,
  /** The start function, where the module had one: the host calls it first. */
  start: `${RESERVED_PREFIX}start`,
} as const;

const I32 = 0x7f;
const I64 = 0x7e;
const MUTABLE = 1;

/** Pages of the memory that comes out, minimum and maximum alike: what a module that grows could reach, else what it has. */
export const pagesOf = ({ minimum, maximum }: Size, grows: boolean): number =>
  grows ? Math.min(maximum ?? MAX_MODULE_MEMORY_PAGES, MAX_MODULE_MEMORY_PAGES) : minimum;

/** @param bodies of the functions that are not imported, in order */
export function writeModule(
  shape: ModuleShape,
  bodies: readonly FunctionBody[],
  calls: CallStack,
): Uint8Array<ArrayBuffer> {
  const grows = bodies.some(({ edits }) => edits.some(({ type }) => type === 'memory_grow'));
  const first = shape.globals_count;
  const added: Added = { fuel: first, stack: first + 1, pages: first + 2, grow: shape.functions.length };
  const { memory, start } = shape;
  const out = new ModuleWriter(2 * shape.bytes.length + 1_024).bytes(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00);
  const section = (id: number, write: (part: ModuleWriter) => void): void => void out.bytes(id).sized(write);
  /** A section of the module with `more` elements behind its own; left out where it has none. */
  const extended = (id: number, more_count: number, more: (part: ModuleWriter) => void = () => undefined): void => {
    const own = shape.items.get(id) ?? { start: 0, end: 0, count: 0 };
    const count = own.count + more_count;
    if (count > 0) section(id, (part) => more(part.u32(count).copy(shape.bytes.subarray(own.start, own.end))));
  };

  extended(SECTION.type, grows ? 1 : 0, (part) => grows && part.bytes(0x60, 1, I32, 1, I32));
  extended(SECTION.import, 0);
  extended(SECTION.function, grows ? 1 : 0, (part) => grows && part.u32(shape.types.length));
  extended(SECTION.table, 0);
  const pages = memory && pagesOf(memory, grows);
  if (pages !== undefined) section(SECTION.memory, (part) => part.bytes(1, 1).u32(pages).u32(pages));
  extended(SECTION.global, grows ? 3 : 2, (part) => {
    part.bytes(I64, MUTABLE, 0x42, 0, 0x0b).bytes(I64, MUTABLE, 0x42).signed(MODULE_STACK_SLOTS).bytes(0x0b);
    if (grows)
      part
        .bytes(I32, MUTABLE, 0x41)
        .signed(memory?.minimum ?? 0)
        .bytes(0x0b);
  });
  extended(SECTION.export, start === undefined ? 2 : 3, (part) => {
    part.name(ADDED_EXPORTS.fuel).bytes(3).u32(added.fuel);
    part.name(ADDED_EXPORTS.stack).bytes(3).u32(added.stack);
    if (start !== undefined) part.name(ADDED_EXPORTS.start).bytes(0).u32(start);
  });
  extended(SECTION.element, 0);
  if (bodies.length > 0)
    section(SECTION.code, (part) => {
      part.u32(bodies.length + (grows ? 1 : 0));
      bodies.forEach((body, i) =>
        part.sized((code) => new BodyWriter(code, shape, added, calls, shape.imports.length + i, grows).write(body)),
      );
      if (grows) part.sized((code) => writeGrow(code, added.pages, pages ?? 0));
    });
  extended(SECTION.data, 0);
  return out.written.slice();
}

/** memory.grow within the fixed memory: pages are counted, and −1 is the answer beyond the last. */
function writeGrow(code: ModuleWriter, counter: number, pages: number): void {
  code.u32(0);
  code.bytes(0x20, 0, 0x41).signed(pages).bytes(0x23).u32(counter).bytes(0x6b, 0x4b); // asked for > pages − counter
  code.bytes(0x04, 0x40, 0x41, 0x7f, 0x0f, 0x0b); // if: return −1
  code.bytes(0x23).u32(counter);
  code.bytes(0x23).u32(counter).bytes(0x20, 0, 0x6a, 0x24).u32(counter);
  code.bytes(0x0b);
}
