// What a command ends with when it cannot do what was asked: a code, one sentence, and what to do.
import { CODES, type Code } from '#schemas/wire/codes.ts';

/** Exit codes of `sortition`; `verify` has its own (docs/protocol/settlement.md). */
export const EXIT = {
  ok: 0,
  /** Something failed that was expected to work. */
  failure: 1,
  /** `evidence check`: the fork is proven, but the file names too few of those who made it. */
  unnamed: 6,
  /** The command line is wrong (sysexits EX_USAGE). */
  usage: 64,
  /** The network refused what was asked (EX_DATAERR). */
  refused: 65,
  /** The network cannot be reached (EX_UNAVAILABLE). */
  unavailable: 69,
} as const;

export class CliError extends Error {
  override readonly name = 'CliError';
  readonly code: Code;
  readonly exit_code: number;

  /** @param what one sentence with the values; what to do about it comes from the code's own text. */
  constructor(code: Code, what: string, exit_code: number = EXIT.failure, options?: ErrorOptions) {
    super(what, options);
    this.code = code;
    this.exit_code = exit_code;
  }

  /** `code: what happened. What to do.` */
  get line(): string {
    return `${this.code}: ${this.message} ${CODES[this.code]}`;
  }
}
