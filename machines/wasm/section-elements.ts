// Reads the elements of each section of a module, one at a time: indices, sizes and initial values are checked where they stand.
import {
  MAX_MODULE_BODY_BYTES,
  MAX_MODULE_EXPORTS,
  MAX_MODULE_FUNCTIONS,
  MAX_MODULE_GLOBALS,
  MAX_MODULE_LOCALS,
  MAX_MODULE_MEMORY_PAGES,
  MAX_MODULE_SEGMENTS,
  MAX_MODULE_TABLE,
  MAX_MODULE_TYPES,
} from '#schemas/wire/limits.ts';
import type { ModuleReader } from './module-reader.ts';
import { Refused, require } from './refused.ts';
import { type Export, type FunctionType, type ModuleRules, type ModuleShape, SECTION, type Size } from './types.ts';
import { valueType } from './value-types.ts';

/** Names that the pass adds to a module begin so; no module may use one itself. */
export const RESERVED_PREFIX = 'sortition:';

const PAGE_BYTES = 65_536;

/** A section that is a vector: how many elements it may have, and how one is read. */
export type Vector = {
  readonly max: number;
  readonly what: string;
  readonly read?: (reader: ModuleReader, shape: ModuleShape, rules: ModuleRules) => void;
};

/** By the id of the section. */
export const VECTORS: Readonly<Record<number, Vector>> = {
  [SECTION.type]: { max: MAX_MODULE_TYPES, what: 'types', read: readType },
  [SECTION.import]: { max: MAX_MODULE_FUNCTIONS, what: 'imports', read: readImport },
  [SECTION.function]: { max: MAX_MODULE_FUNCTIONS, what: 'functions', read: readFunction },
  [SECTION.table]: { max: MAX_MODULE_FUNCTIONS, what: 'tables', read: readTable },
  [SECTION.memory]: { max: MAX_MODULE_FUNCTIONS, what: 'memories', read: readMemory },
  [SECTION.global]: { max: MAX_MODULE_GLOBALS, what: 'globals', read: readGlobal },
  [SECTION.export]: { max: MAX_MODULE_EXPORTS, what: 'exports', read: readExport },
  [SECTION.element]: { max: MAX_MODULE_SEGMENTS, what: 'segments', read: readElements },
  [SECTION.code]: { max: MAX_MODULE_FUNCTIONS, what: 'bodies', read: readBody },
  [SECTION.data]: { max: MAX_MODULE_SEGMENTS, what: 'segments', read: readData },
};

/** The index of one of `end` that are there. */
export function index(reader: ModuleReader, end: number, what: string): number {
  const at = reader.at;
  const value = reader.u32();
  require(value < end, 'MODULE_MALFORMED', at, `there is no ${what} ${value}`);
  return value;
}

function readType(reader: ModuleReader, shape: ModuleShape, rules: ModuleRules): void {
  const at = reader.at;
  const form = reader.byte();
  require(form === 0x60, 0x4e <= form && form <= 0x5f
    ? 'MODULE_GC'
    : 'MODULE_MALFORMED', at, 'a type that is none of a function');
  const params = valueTypes(reader, rules);
  const results = valueTypes(reader, rules);
  const text = `(${params.join()})->(${results.join()})`;
  shape.types.push({ text, params_count: params.length, results_count: results.length });
}

function valueTypes(reader: ModuleReader, rules: ModuleRules): string[] {
  return Array.from({ length: reader.atMost(MAX_MODULE_LOCALS, 'parameters or results') }, () =>
    valueType(reader, rules),
  );
}

function readImport(reader: ModuleReader, shape: ModuleShape, rules: ModuleRules): void {
  const at = reader.at;
  const [module, name] = [reader.name(), reader.name()];
  const expected = rules.imports.get(`${module} ${name}`);
  const shown = `'${module}' '${name}'`.slice(0, 100);
  require(reader.byte() === 0 && expected !== undefined, 'MODULE_IMPORT_UNLISTED', at, shown);
  const type = index(reader, shape.types.length, 'type');
  const actual = (shape.types[type] as FunctionType).text;
  require(actual === expected, 'MODULE_IMPORT_MISTYPED', at, `${shown} is ${expected}`);
  shape.imports.push({ module, name, type });
  shape.functions.push(type);
}

function readFunction(reader: ModuleReader, shape: ModuleShape): void {
  const at = reader.at;
  shape.functions.push(index(reader, shape.types.length, 'type'));
  const count = shape.functions.length;
  require(count <=
    MAX_MODULE_FUNCTIONS, 'MODULE_TOO_MANY', at, `more than ${MAX_MODULE_FUNCTIONS} functions with imports`);
}

/** Size of a table or memory; the flags may ask for what only proposals have. */
function readSize(reader: ModuleReader): Size {
  const at = reader.at;
  const flags = reader.byte();
  require((flags & 0x04) === 0, 'MODULE_MEMORY64', at, '64-bit addresses');
  require((flags & 0x02) === 0, 'MODULE_THREADS', at, 'a shared memory');
  require(flags <= 0x01, 'MODULE_MALFORMED', at, 'flags that are unknown');
  const minimum = reader.u32();
  const maximum = flags === 0x01 ? reader.u32() : undefined;
  require(maximum === undefined || maximum >= minimum, 'MODULE_MALFORMED', at, 'a maximum below the minimum');
  return { minimum, maximum };
}

function readTable(reader: ModuleReader, shape: ModuleShape): void {
  const at = reader.at;
  require(shape.table === undefined, 'MODULE_REFERENCE_TYPES', at, 'a second table');
  require(reader.byte() === 0x70, 'MODULE_REFERENCE_TYPES', at, 'a table of something else than functions');
  shape.table = readSize(reader);
  const { minimum } = shape.table;
  require(minimum <=
    MAX_MODULE_TABLE, 'MODULE_TABLE_TOO_LARGE', at, `${minimum} elements, at most ${MAX_MODULE_TABLE}`);
}

function readMemory(reader: ModuleReader, shape: ModuleShape): void {
  const at = reader.at;
  require(shape.memory === undefined, 'MODULE_MEMORIES', at, 'a second memory');
  shape.memory = readSize(reader);
  const { minimum } = shape.memory;
  require(minimum <=
    MAX_MODULE_MEMORY_PAGES, 'MODULE_MEMORY_TOO_LARGE', at, `${minimum} pages, at most ${MAX_MODULE_MEMORY_PAGES}`);
}

function readGlobal(reader: ModuleReader, shape: ModuleShape, rules: ModuleRules): void {
  valueType(reader, rules);
  require(reader.byte() <= 1, 'MODULE_MALFORMED', reader.at - 1, 'neither mutable nor not');
  readConstant(reader, rules);
  shape.globals_count++;
}

/** A constant and its end (§3.3.10); the pass takes numbers only. Returns what an i32 is, else 0. */
function readConstant(reader: ModuleReader, rules: ModuleRules): number {
  const at = reader.at;
  const opcode = reader.byte();
  let value = 0;
  if (opcode === 0x41) value = reader.signed(32) >>> 0;
  else if (opcode === 0x42) reader.signed(64);
  else if ((opcode === 0x43 || opcode === 0x44) && rules.hasFloats) reader.skip(opcode === 0x43 ? 4 : 8);
  else
    throw new Refused(
      opcode === 0x43 || opcode === 0x44 ? 'MODULE_FLOATS' : 'MODULE_INITIALISER',
      at,
      'an initial value that is no number',
    );
  require(reader.byte() === 0x0b, 'MODULE_INITIALISER', reader.at - 1, 'an initial value that must be computed');
  return value;
}

const KINDS = ['function', 'table', 'memory', 'global'] as const;

function readExport(reader: ModuleReader, shape: ModuleShape): void {
  const at = reader.at;
  const name = reader.name();
  require(!name.startsWith(RESERVED_PREFIX), 'MODULE_NAME_RESERVED', at, `'${name.slice(0, 100)}'`);
  const kind = KINDS[reader.byte()];
  if (kind === undefined) throw new Refused('MODULE_MALFORMED', at, 'an export of an unknown kind');
  shape.exports.push({ name, kind, index: index(reader, exportable(shape)[kind], kind) });
}

const exportable = (shape: ModuleShape): Readonly<Record<Export['kind'], number>> => ({
  function: shape.functions.length,
  table: shape.table === undefined ? 0 : 1,
  memory: shape.memory === undefined ? 0 : 1,
  global: shape.globals_count,
});

/** Where an active segment begins; passive and declared ones are refused, and those that do not name table or memory 0 plainly. */
function readOffset(reader: ModuleReader, rules: ModuleRules): number {
  require(reader.u32() === 0, 'MODULE_PASSIVE_SEGMENTS', reader.at - 1, 'a segment that is not active');
  return readConstant(reader, rules);
}

function readElements(reader: ModuleReader, shape: ModuleShape, rules: ModuleRules): void {
  const at = reader.at;
  const offset = readOffset(reader, rules);
  const count = reader.count();
  require(offset + count <= (shape.table?.minimum ?? -1), 'MODULE_SEGMENT_OUTSIDE', at, 'functions beyond the table');
  for (let i = 0; i < count; i++) shape.elements.add(index(reader, shape.functions.length, 'function'));
}

function readBody(reader: ModuleReader, shape: ModuleShape): void {
  const at = reader.at;
  const part = reader.part(reader.count());
  const size = part.end - part.at;
  require(size <=
    MAX_MODULE_BODY_BYTES, 'MODULE_BODY_TOO_LARGE', at, `${size} bytes, at most ${MAX_MODULE_BODY_BYTES}`);
  require(shape.imports.length + shape.bodies.length <
    shape.functions.length, 'MODULE_MALFORMED', at, 'a body without a function');
  shape.bodies.push({ start: part.at, end: part.end, count: 1 });
}

function readData(reader: ModuleReader, shape: ModuleShape, rules: ModuleRules): void {
  const at = reader.at;
  const offset = readOffset(reader, rules);
  const size = reader.count();
  require(offset + size <=
    (shape.memory?.minimum ?? -1) * PAGE_BYTES, 'MODULE_SEGMENT_OUTSIDE', at, 'data beyond the memory');
  reader.skip(size);
}
