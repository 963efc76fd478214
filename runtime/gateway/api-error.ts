// A request that the API does not grant: status, code and the code's own sentence, as JSON.
import { CODES, type Code } from '#schemas/wire/codes.ts';

export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: Code;

  constructor(status: number, code: Code, detail?: string, options?: ErrorOptions) {
    super(detail === undefined ? CODES[code] : `${CODES[code]} (${detail})`, options);
    this.status = status;
    this.code = code;
  }

  get body(): { readonly code: Code; readonly message: string } {
    return { code: this.code, message: this.message };
  }
}
