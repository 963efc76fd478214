// What the pass knows of a module after reading its sections, and what it may take.

/** A function's type; equal texts are equal types. */
export type FunctionType = {
  /** Like `(i32,i64)->(i32)`. */
  readonly text: string;
  readonly params_count: number;
  readonly results_count: number;
};

export type Export = {
  readonly name: string;
  readonly kind: 'function' | 'table' | 'memory' | 'global';
  readonly index: number;
};
export type Import = { readonly module: string; readonly name: string; readonly type: number };

/** A range of bytes of the module; where elements of a vector stand, `count` of them. */
export type Range = { readonly start: number; readonly end: number; readonly count: number };

/** Pages of 64 KiB, or elements. */
export type Size = { readonly minimum: number; readonly maximum: number | undefined };

/** A module whose sections were read and are within the limits; the bodies of its functions were not looked at. */
export type ModuleShape = {
  readonly bytes: Uint8Array;
  readonly types: FunctionType[];
  readonly imports: Import[];
  /** Types of all functions, those imported first. */
  readonly functions: number[];
  readonly exports: Export[];
  readonly bodies: Range[];
  /** Functions that stand in the table. */
  readonly elements: Set<number>;
  /** Elements of each section that is copied, by its id. */
  readonly items: Map<number, Range>;
  globals_count: number;
  table: Size | undefined;
  memory: Size | undefined;
  start: number | undefined;
};

/** What a network takes. */
export type ModuleRules = {
  /** First bytes of what a module's address is the hash of: a domain tag that names the version of the pass. */
  readonly pass: Uint8Array;
  /** Whether instructions on floats are taken; then each result that is a NaN gets the same bits everywhere. */
  readonly hasFloats: boolean;
  /** What may be imported: module and name with a space between → type. */
  readonly imports: ReadonlyMap<string, string>;
};

export const SECTION = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
  data_count: 12,
  tag: 13,
} as const;
