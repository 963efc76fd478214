// What the network takes: the functions that a module may import, and the version of the pass.
import { TAG } from '#schemas/wire/tags.ts';
import type { ModuleRules } from './types.ts';

const WASI = 'wasi_snapshot_preview1';

/**
 * The host's own four, and those twelve of WASI preview 1 that a program needs which reads standard input and writes standard
 * output. None of them tells the time or gives randomness: two workers get the same from each.
 */
const IMPORTS: Readonly<Record<string, string>> = {
  // input(to, from, length): copies bytes of the input, returns how many there were
  'sortition input': '(i32,i32,i32)->(i32)',
  // output(pointer, length), log(pointer, length): append; abort(pointer, length): end with a message
  'sortition output': '(i32,i32)->()',
  'sortition log': '(i32,i32)->()',
  'sortition abort': '(i32,i32)->()',
  [`${WASI} args_get`]: '(i32,i32)->(i32)',
  [`${WASI} args_sizes_get`]: '(i32,i32)->(i32)',
  [`${WASI} environ_get`]: '(i32,i32)->(i32)',
  [`${WASI} environ_sizes_get`]: '(i32,i32)->(i32)',
  [`${WASI} fd_close`]: '(i32)->(i32)',
  [`${WASI} fd_fdstat_get`]: '(i32,i32)->(i32)',
  [`${WASI} fd_prestat_get`]: '(i32,i32)->(i32)',
  [`${WASI} fd_prestat_dir_name`]: '(i32,i32,i32)->(i32)',
  [`${WASI} fd_read`]: '(i32,i32,i32,i32)->(i32)',
  [`${WASI} fd_seek`]: '(i32,i64,i32,i32)->(i32)',
  [`${WASI} fd_write`]: '(i32,i32,i32,i32)->(i32)',
  [`${WASI} proc_exit`]: '(i32)->()',
};

const imports: ReadonlyMap<string, string> = new Map(Object.entries(IMPORTS));

/** Whole numbers only: what a network takes unless a job asks for floats. */
export const WHOLE_RULES: ModuleRules = { pass: TAG.module, hasFloats: false, imports };
/** Floats too, each NaN made the same: code with many float operations takes longer so. Another pass, hence other addresses. */
export const FLOAT_RULES: ModuleRules = { pass: TAG.floatModule, hasFloats: true, imports };
