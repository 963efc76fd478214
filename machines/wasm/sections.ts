// Reads the sections of a module into its shape: order, counts and indices are checked, and every limit that needs no look at code.
import { MAX_MODULE_BYTES } from '#schemas/wire/limits.ts';
import { ModuleReader } from './module-reader.ts';
import { require } from './refused.ts';
import { index, VECTORS, type Vector } from './section-elements.ts';
import { type ModuleRules, type ModuleShape, SECTION } from './types.ts';

const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
/** In the order in which they must stand (§5.5.16). */
const ORDER: readonly number[] = [
  SECTION.type,
  SECTION.import,
  SECTION.function,
  SECTION.table,
  SECTION.memory,
  SECTION.global,
  SECTION.export,
  SECTION.start,
  SECTION.element,
  SECTION.data_count,
  SECTION.code,
  SECTION.data,
];

/** @throws Refused with the place */
export function readSections(bytes: Uint8Array, rules: ModuleRules): ModuleShape {
  require(bytes.length <= MAX_MODULE_BYTES, 'MODULE_TOO_LARGE', 0, `more than ${MAX_MODULE_BYTES} bytes`);
  const reader = new ModuleReader(bytes);
  for (const expected of HEADER)
    require(reader.byte() === expected, 'MODULE_MALFORMED', 0, 'not a module of version 1');
  const shape = emptyShape(bytes);
  let place = -1;
  while (!reader.isDone) {
    const start = reader.at;
    const id = reader.byte();
    const part = reader.part(reader.count());
    if (id === SECTION.custom) continue;
    require(id !== SECTION.tag, 'MODULE_EXCEPTIONS', start, 'a section of tags');
    const found = ORDER.indexOf(id);
    require(found > place, 'MODULE_MALFORMED', start, `section ${id} is unknown, repeated or in the wrong place`);
    place = found;
    readSection(id, part, shape, rules);
    require(part.isDone, 'MODULE_MALFORMED', part.at, `section ${id} is longer than its content`);
  }
  require(shape.bodies.length ===
    shape.functions.length - shape.imports.length, 'MODULE_MALFORMED', reader.at, 'functions without bodies');
  return shape;
}

const emptyShape = (bytes: Uint8Array): ModuleShape => ({
  bytes,
  types: [],
  imports: [],
  functions: [],
  exports: [],
  bodies: [],
  elements: new Set(),
  items: new Map(),
  globals_count: 0,
  table: undefined,
  memory: undefined,
  start: undefined,
});

function readSection(id: number, reader: ModuleReader, shape: ModuleShape, rules: ModuleRules): void {
  if (id === SECTION.start) {
    shape.start = index(reader, shape.functions.length, 'function');
    return;
  }
  if (id === SECTION.data_count) {
    reader.u32(); // needed by instructions on passive segments alone, so it is left out of what comes out
    return;
  }
  const { max, what, read } = VECTORS[id] as Vector;
  const count = reader.atMost(max, what);
  shape.items.set(id, { start: reader.at, end: reader.end, count });
  for (let i = 0; read !== undefined && i < count; i++) read(reader, shape, rules);
}
