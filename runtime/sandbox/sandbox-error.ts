// The failure that a sandboxed computation ends in: a code from the catalogue, and the values that belong to it.
import { CODES, type Code } from '#schemas/wire/codes.ts';

/** Codes of failures of the sandbox, as the catalogue explains them. */
export type SandboxCode = Extract<Code, `SANDBOX_${string}`>;

/** A computation that gave no result; `code` says why, `data` with which values. */
export class SandboxError extends Error {
  readonly code: SandboxCode;
  readonly data: Readonly<Record<string, string | number>>;

  constructor(code: SandboxCode, data: Readonly<Record<string, string | number>> = {}, options?: ErrorOptions) {
    super(`${CODES[code]} ${JSON.stringify(data)}`, options);
    this.name = 'SandboxError';
    this.code = code;
    this.data = data;
  }
}
