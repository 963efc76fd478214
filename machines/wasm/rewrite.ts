// Writes the metered module: the body of each function with its charges put in, and the sections around them.
import { MAX_MODULE_MEMORY_PAGES, MODULE_STACK_SLOTS } from '#schemas/wire/limits.ts';
import type { Edit, FunctionBody } from './body.ts';
import type { CallStack } from './call-stack.ts';
import { ModuleWriter } from './module-writer.ts';
import { RESERVED_PREFIX } from './sections.ts';
import { type ModuleShape, type Range, SECTION, type Size } from './types.ts';

/** What the host finds in a rewritten module. */
export const ADDED_EXPORTS = {
  /** Mutable i64: fuel left. The host sets it before it calls anything; negative after a trap means that it ran out. */
  fuel: `${RESERVED_PREFIX}fuel`,
  /** Mutable i64: slots of stack left for recursion; negative after a trap means that it ran out. */
  stack: `${RESERVED_PREFIX}stack`,
  /** The start function, where the module had one: the host calls it first. */
  start: `${RESERVED_PREFIX}start`,
} as const;

/** Bytes that memory.fill and memory.copy move for one unit of fuel, as a power of two. */
const BULK_BYTES_LOG2 = 3;

const I32 = 0x7f;
const I64 = 0x7e;
const MUTABLE = 1;

/** Pages of the memory that comes out, minimum and maximum alike: what a module that grows could reach, else what it has. */
export const pagesOf = ({ minimum, maximum }: Size, grows: boolean): number =>
  grows ? Math.min(maximum ?? MAX_MODULE_MEMORY_PAGES, MAX_MODULE_MEMORY_PAGES) : minimum;

/** Indices of what the pass adds behind the module's own. */
type Added = { readonly fuel: number; readonly stack: number; readonly pages: number; readonly grow: number };

/** @param bodies of the functions that are not imported, in order */
export function writeModule(
  shape: ModuleShape,
  bodies: readonly FunctionBody[],
  calls: CallStack,
): Uint8Array<ArrayBuffer> {
  const grows = bodies.some(({ edits }) => edits.some(({ type }) => type === 'memory_grow'));
  const first = shape.globals_count;
  const added = { fuel: first, stack: first + 1, pages: first + 2, grow: shape.functions.length };
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

/** Locals that the pass adds to a function: one of i64, the others where an edit needs them. */
class BodyWriter {
  readonly #code: ModuleWriter;
  readonly #shape: ModuleShape;
  readonly #added: Added;
  readonly #calls: CallStack;
  readonly #caller: number;
  readonly #grows: boolean;
  #scratch: Readonly<Record<'i64' | 'i32' | 'f32' | 'f64', number>> = { i64: 0, i32: 0, f32: 0, f64: 0 };

  constructor(code: ModuleWriter, shape: ModuleShape, added: Added, calls: CallStack, caller: number, grows: boolean) {
    this.#code = code;
    this.#shape = shape;
    this.#added = added;
    this.#calls = calls;
    this.#caller = caller;
    this.#grows = grows;
  }

  write({ locals, code, locals_count, edits }: FunctionBody): void {
    const needed = [
      [I64, 'i64', true],
      [I32, 'i32', edits.some(({ type }) => type === 'bulk')],
      [0x7d, 'f32', edits.some((edit) => edit.type === 'nan' && edit.float === 'f32')],
      [0x7c, 'f64', edits.some((edit) => edit.type === 'nan' && edit.float === 'f64')],
    ] as const;
    const more = needed.filter(([, , isNeeded]) => isNeeded);
    this.#scratch = { ...this.#scratch, ...Object.fromEntries(more.map(([, name], i) => [name, locals_count + i])) };
    this.#code.u32(locals.count + more.length);
    this.#copy(locals);
    for (const [type] of more) this.#code.bytes(1, type);
    let at = code.start;
    for (const edit of edits) {
      this.#copy({ start: at, end: edit.start });
      this.#edit(edit);
      at = edit.end;
    }
    this.#copy({ start: at, end: code.end });
  }

  #edit(edit: Edit): void {
    const { fuel, stack, pages, grow } = this.#added;
    switch (edit.type) {
      case 'charge':
        return this.#spend(fuel, () => this.#code.bytes(0x42).signed(edit.fuel));
      case 'call':
        return this.#counted(edit, this.#calls.ofCall(this.#caller, edit.callee), stack);
      case 'call_indirect':
        return this.#counted(edit, this.#calls.ofIndirectCall(this.#caller, edit.callee_type), stack);
      case 'bulk':
        return this.#bulk();
      case 'memory_grow':
        return void this.#code.bytes(0x10).u32(grow);
      case 'memory_size':
        return this.#grows ? void this.#code.bytes(0x23).u32(pages) : this.#copy(edit);
      case 'nan':
        return this.#canonical(edit.float);
    }
  }

  /** A call that takes `slots` from the stack's budget, and gives them back when it returns; 0 for one that need not. */
  #counted(call: Edit, slots: number, stack: number): void {
    if (slots === 0) return this.#copy(call);
    this.#spend(stack, () => this.#code.bytes(0x42).signed(slots));
    this.#copy(call);
    this.#code.bytes(0x23).u32(stack).bytes(0x42).signed(slots).bytes(0x7c, 0x24).u32(stack);
  }

  /** global −= amount; below zero: unreachable. @param amount pushes an i64 */
  #spend(global: number, amount: () => void): void {
    const { i64 } = this.#scratch;
    this.#code.bytes(0x23).u32(global);
    amount();
    this.#code.bytes(0x7d, 0x22).u32(i64).bytes(0x24).u32(global);
    this.#code.bytes(0x20).u32(i64).bytes(0x42, 0, 0x53, 0x04, 0x40, 0x00, 0x0b);
  }

  /** The length is on top of the stack, and stays there. */
  #bulk(): void {
    const { i32 } = this.#scratch;
    this.#code.bytes(0x22).u32(i32);
    this.#spend(this.#added.fuel, () => this.#code.bytes(0x20).u32(i32).bytes(0xad, 0x42, BULK_BYTES_LOG2, 0x88));
  }

  /** x, or where it is a NaN the one whose only set bit of the fraction is the first (§2.2.3). */
  #canonical(float: 'f32' | 'f64'): void {
    const local = this.#scratch[float];
    const [constant, nan, equal] =
      float === 'f32'
        ? ([0x43, [0, 0, 0xc0, 0x7f], 0x5b] as const)
        : ([0x44, [0, 0, 0, 0, 0, 0, 0xf8, 0x7f], 0x61] as const);
    this.#code
      .bytes(0x22)
      .u32(local)
      .bytes(constant, ...nan);
    this.#code.bytes(0x20).u32(local).bytes(0x20).u32(local).bytes(equal, 0x1b);
  }

  #copy({ start, end }: Pick<Range, 'start' | 'end'>): void {
    this.#code.copy(this.#shape.bytes.subarray(start, end));
  }
}
