// What a light client does not believe, or cannot read.
import type { Code } from '#schemas/wire/codes.ts';

export class LightError extends Error {
  override readonly name = 'LightError';
  readonly code: Code;

  /** @param detail the value that is at fault: a height, a row, a path */
  constructor(code: Code, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.code = code;
  }
}
