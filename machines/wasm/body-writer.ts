// Writes the body of one function with its charges put in.

import type { CallStack } from './call-stack.ts';
import type { Edit, FunctionBody } from './edits.ts';
import type { ModuleWriter } from './module-writer.ts';
import type { ModuleShape, Range } from './types.ts';

/** Bytes that memory.fill and memory.copy move for one unit of fuel, as a power of two. */
const BULK_BYTES_LOG2 = 3;

const I32 = 0x7f;
const I64 = 0x7e;

/** Indices of what the pass adds behind the module's own. */
export type Added = { readonly fuel: number; readonly stack: number; readonly pages: number; readonly grow: number };

/** For one function. Its scratch locals come behind its own: one of i64, the others where an edit needs them. */
export class BodyWriter {
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
