// The failure of an archive operation: a code from the catalogue, and the values that belong to it.
import { CODES, type Code } from '#schemas/wire/codes.ts';

/** Something outside went wrong (disk, missing or corrupt block); `code` says what, `data` with which values. */
export class ArchiveError extends Error {
  override readonly name = 'ArchiveError';
  readonly code: Code;
  readonly data: Readonly<Record<string, string | number>>;

  constructor(code: Code, data: Readonly<Record<string, string | number>> = {}, options?: ErrorOptions) {
    super(`${CODES[code]} ${JSON.stringify(data)}`, options);
    this.code = code;
    this.data = data;
  }
}
