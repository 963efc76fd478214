// How the host enters a task: a function over bytes, or a WASI program that reads standard input.
import { Refused } from './refused.ts';
import type { Export, ModuleShape } from './types.ts';

/** `run`: run(pointer, length) of the input, which the host wrote where alloc(length) said. `_start`: a WASI command. */
export type Entry = 'run' | '_start';

const NEEDED: readonly (readonly [entry: Entry, functions: Readonly<Record<string, string>>])[] = [
  ['run', { run: '(i32,i32)->(i64)', alloc: '(i32)->(i32)' }],
  ['_start', { _start: '()->()' }],
];

/** @throws Refused MODULE_ENTRY_MISSING */
export function entryOf(shape: ModuleShape): Entry {
  const { exports, types, functions } = shape;
  const typeOf = ({ index }: Export): string | undefined => types[functions[index] as number]?.text;
  const has = (kind: Export['kind'], name: string, type?: string): boolean =>
    exports.some((one) => one.kind === kind && one.name === name && (type === undefined || typeOf(one) === type));
  const found = NEEDED.find(([, needed]) =>
    Object.entries(needed).every(([name, type]) => has('function', name, type)),
  );
  if (found !== undefined && has('memory', 'memory')) return found[0];
  throw new Refused('MODULE_ENTRY_MISSING', shape.bytes.length, 'neither memory, alloc and run, nor memory and _start');
}
