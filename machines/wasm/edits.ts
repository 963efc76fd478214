// What the walk over a body finds out, and where the rewriting puts code of its own.
import type { Range } from './types.ts';

/** A place at which the rewriting changes the code; `start` … `end` is replaced or, where both are equal, something is put in. */
export type Edit = { readonly start: number; readonly end: number } & (
  | { readonly type: 'charge'; fuel: number }
  | { readonly type: 'call'; readonly callee: number }
  | { readonly type: 'call_indirect'; readonly callee_type: number }
  | { readonly type: 'bulk' }
  | { readonly type: 'memory_size' | 'memory_grow' }
  | { readonly type: 'nan'; readonly float: 'f32' | 'f64' }
);

export type FunctionBody = {
  /** Groups of declared locals: bytes and count. */
  readonly locals: Range;
  /** First instruction … behind the last `end`. */
  readonly code: Range;
  /** Parameters and declared locals. */
  readonly locals_count: number;
  /** Most operands on the stack at one time. */
  readonly operands_count: number;
  /** By ascending place. */
  readonly edits: readonly Edit[];
};
