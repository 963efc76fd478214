// Failures of starting, joining or reaching a network.
import type { Code } from '#schemas/wire/codes.ts';

export class NetworkError extends Error {
  override readonly name: string = 'NetworkError';
  readonly code: Code;

  /** @param detail the value that is at fault: a path, an address, a name */
  constructor(code: Code, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.code = code;
  }
}

/** The network was reached and said no: the gateway or the ledger refused what was asked. */
export class RefusedError extends NetworkError {
  override readonly name = 'RefusedError';
}
