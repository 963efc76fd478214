// Walks the code of one function once: whitelist, indices, stack, and the places where the pass must put code of its own.
import { MAX_MODULE_NESTING } from '#schemas/wire/limits.ts';
import type { Edit } from './edits.ts';
import type { ModuleReader } from './module-reader.ts';
import {
  INSTRUCTIONS,
  type Instruction,
  MEMORY_COPY,
  MEMORY_FILL,
  refusalOfOpcode,
  refusalOfPrefixed,
  SATURATING_LAST,
} from './opcodes.ts';
import { OperandStack } from './operand-stack.ts';
import { PathCost } from './path-cost.ts';
import { Refused, require } from './refused.ts';
import type { FunctionType, ModuleRules, ModuleShape } from './types.ts';
import { valueType } from './value-types.ts';

/** A block that is open. */
type Frame = {
  readonly kind: 'block' | 'loop' | 'if' | 'else';
  readonly type: { readonly params_count: number; readonly results_count: number };
  /** Where a loop pays. */
  readonly charge: { fuel: number } | undefined;
};

/** Fuel for each local that a call must set to zero comes on top of the one for the call. */
const CALL_ENTRY_FUEL = 1;
const BULK_FUEL = 8;

/** Goes through the instructions of a function, from the first to its last `end`. */
export class BodyWalk {
  readonly edits: Edit[] = [];
  readonly #reader: ModuleReader;
  readonly #shape: ModuleShape;
  readonly #rules: ModuleRules;
  readonly #locals_count: number;
  readonly #frames: Frame[];
  readonly #cost: PathCost;
  readonly #operands = new OperandStack();

  constructor(
    reader: ModuleReader,
    shape: ModuleShape,
    rules: ModuleRules,
    type: FunctionType,
    declared_count: number,
  ) {
    this.#reader = reader;
    this.#shape = shape;
    this.#rules = rules;
    this.#locals_count = type.params_count + declared_count;
    const { results_count } = type;
    const frame = {
      kind: 'block',
      type: { params_count: 0, results_count },
      charge: this.#chargeHere(),
    } as const;
    this.#frames = [frame];
    this.#cost = new PathCost(CALL_ENTRY_FUEL + declared_count);
  }

  /** The most operands that it holds at one time. */
  get operands_count(): number {
    return this.#operands.most;
  }

  run(): void {
    const reader = this.#reader;
    while (this.#frames.length > 0) this.#instruction(reader.at, reader.byte());
    require(reader.isDone, 'MODULE_MALFORMED', reader.at, 'code behind the end of a function');
  }

  get #frame(): Frame {
    return this.#frames.at(-1) as Frame;
  }

  #instruction(at: number, opcode: number): void {
    if (opcode === 0xfc) return this.#prefixed(at, this.#reader.u32());
    const instruction = INSTRUCTIONS[opcode];
    if (instruction === undefined) throw new Refused(refusalOfOpcode(opcode), at, `opcode 0x${opcode.toString(16)}`);
    if (instruction.isFloat && !this.#rules.hasFloats)
      throw new Refused('MODULE_FLOATS', at, `opcode 0x${opcode.toString(16)}`);
    this.#cost.add(instruction.fuel);
    this.#operands.pop(instruction.pop);
    this.#operands.push(instruction.push);
    this.#immediate(at, opcode, instruction);
    if (instruction.nan !== undefined) this.#edit({ type: 'nan', float: instruction.nan });
  }

  /** Saturating truncations, and memory.copy and memory.fill, which also pay by length when they run. */
  #prefixed(at: number, opcode: number): void {
    if (opcode <= SATURATING_LAST) {
      require(this.#rules.hasFloats, 'MODULE_FLOATS', at, `opcode 0xfc 0x${opcode.toString(16)}`);
      this.#cost.add(1);
      return;
    }
    if (opcode !== MEMORY_COPY && opcode !== MEMORY_FILL)
      throw new Refused(refusalOfPrefixed(opcode), at, `opcode 0xfc 0x${opcode.toString(16)}`);
    for (let i = 0; i < (opcode === MEMORY_COPY ? 2 : 1); i++) this.#memoryIndex();
    this.#cost.add(BULK_FUEL);
    this.edits.push({ type: 'bulk', start: at, end: at });
    this.#operands.pop(3);
  }

  #immediate(at: number, opcode: number, { immediate }: Instruction): void {
    const reader = this.#reader;
    switch (immediate) {
      case 'none':
        return;
      case 'block':
        return this.#enter(at, opcode);
      case 'else':
        return this.#otherwise(at);
      case 'end':
        return this.#leave();
      case 'label':
        return this.#jump(this.#label(), opcode === 0x0d);
      case 'labels':
        for (let left = reader.count() + 1; left > 0; left--) this.#cost.jump(this.#label(), left > 1);
        return this.#unreachable();
      case 'return':
        return this.#jump(this.#frames.length - 1, false);
      case 'unreachable':
        this.#cost.stop();
        return this.#unreachable();
      case 'call':
        return this.#call(at);
      case 'call_indirect':
        return this.#callIndirect(at);
      case 'local':
        return void this.#index(this.#locals_count, 'local');
      case 'global':
        return void this.#index(this.#shape.globals_count, 'global');
      case 'memory_access':
        return this.#memoryAccess();
      case 'memory_size':
      case 'memory_grow':
        this.#memoryIndex();
        this.edits.push({ type: immediate, start: at, end: reader.at });
        return;
      case 'i32':
        return void reader.signed(32);
      case 'i64':
        return void reader.signed(64);
      case 'f32':
        return reader.skip(4);
      case 'f64':
        return reader.skip(8);
    }
  }

  #enter(at: number, opcode: number): void {
    const type = this.#blockType();
    require(this.#frames.length <
      MAX_MODULE_NESTING, 'MODULE_TOO_DEEP', at, `more than ${MAX_MODULE_NESTING} blocks inside each other`);
    const isLoop = opcode === 0x03;
    const kind = isLoop ? 'loop' : opcode === 0x04 ? 'if' : 'block';
    this.#frames.push({ kind, type, charge: isLoop ? this.#chargeHere() : undefined });
    this.#operands.enter(type.params_count);
    if (isLoop) this.#cost.enterLoop();
    else this.#cost.enter();
  }

  #otherwise(at: number): void {
    const { kind, ...rest } = this.#frame;
    require(kind === 'if', 'MODULE_MALFORMED', at, '`else` without `if`');
    this.#frames.splice(-1, 1, { ...rest, kind: 'else' });
    this.#operands.restart(rest.type.params_count);
    this.#cost.otherwise();
  }

  #leave(): void {
    const { kind, type, charge } = this.#frames.pop() as Frame;
    this.#operands.leave(type.results_count);
    const dearest = this.#cost.leave(kind === 'if');
    if (charge !== undefined && dearest !== undefined) charge.fuel = dearest;
  }

  #jump(depth: number, mayStay: boolean): void {
    this.#cost.jump(depth, mayStay);
    if (!mayStay) this.#unreachable();
  }

  /** What follows is never run, and may find any operands. */
  #unreachable(): void {
    this.#operands.restart(0);
  }

  #call(at: number): void {
    const callee = this.#index(this.#shape.functions.length, 'function');
    this.#apply(this.#shape.functions[callee] as number);
    this.edits.push({ type: 'call', callee, start: at, end: this.#reader.at });
  }

  #callIndirect(at: number): void {
    const callee_type = this.#index(this.#shape.types.length, 'type');
    this.#index(this.#shape.table === undefined ? 0 : 1, 'table');
    this.#apply(callee_type);
    this.edits.push({ type: 'call_indirect', callee_type, start: at, end: this.#reader.at });
  }

  #apply(type: number): void {
    const { params_count, results_count } = this.#shape.types[type] as FunctionType;
    this.#operands.pop(params_count);
    this.#operands.push(results_count);
  }

  /** Bit 6 of the alignment says that another memory is named (§5.4.6). */
  #memoryAccess(): void {
    const at = this.#reader.at;
    require(this.#reader.u32() < 0x40, 'MODULE_MEMORIES', at, 'an access to another memory');
    this.#reader.u32();
  }

  #memoryIndex(): void {
    const at = this.#reader.at;
    require(this.#reader.byte() === 0, 'MODULE_MEMORIES', at, 'an access to another memory');
    require(this.#shape.memory !== undefined, 'MODULE_MALFORMED', at, 'there is no memory');
  }

  #blockType(): Frame['type'] {
    const next = this.#reader.peek();
    if (next === 0x40) this.#reader.byte();
    if (next === 0x40) return { params_count: 0, results_count: 0 };
    if ((next & 0xc0) === 0x40) {
      valueType(this.#reader, this.#rules);
      return { params_count: 0, results_count: 1 };
    }
    const at = this.#reader.at;
    const type = this.#shape.types[this.#reader.signed(33)];
    if (type === undefined) throw new Refused('MODULE_MALFORMED', at, 'a block of a type that is not there');
    return type;
  }

  #label(): number {
    return this.#index(this.#frames.length, 'block');
  }

  #index(end: number, what: string): number {
    const at = this.#reader.at;
    const value = this.#reader.u32();
    require(value < end, 'MODULE_MALFORMED', at, `there is no ${what} ${value}`);
    return value;
  }

  #chargeHere(): { fuel: number } {
    const edit = { type: 'charge', fuel: 0, start: this.#reader.at, end: this.#reader.at } as const;
    this.edits.push(edit);
    return edit;
  }

  #edit(about: { readonly type: 'nan'; readonly float: 'f32' | 'f64' }): void {
    this.edits.push({ ...about, start: this.#reader.at, end: this.#reader.at });
  }
}
