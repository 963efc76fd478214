// How the pass gives up on a module from deep inside: one exception of its own, which its entry turns into a refusal.
import type { Code } from '#schemas/wire/codes.ts';

/** Codes of what a module may not be. */
export type ModuleCode = Extract<Code, `MODULE_${string}`>;

/** Never leaves this folder: `rewriteModule` and `admitModule` return it as a refusal. */
export class Refused extends Error {
  readonly code: ModuleCode;
  readonly at: number;

  /** @param at where, in bytes from the start of the module */
  constructor(code: ModuleCode, at: number, detail: string) {
    super(detail);
    this.code = code;
    this.at = at;
  }
}

/** @throws Refused unless the condition holds */
export function require(condition: boolean, code: ModuleCode, at: number, detail: string): asserts condition {
  if (!condition) throw new Refused(code, at, detail);
}
