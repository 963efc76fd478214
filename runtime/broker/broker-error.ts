// Failures of the broker's process.

/** Codes of BrokerError; each is explained in schemas/wire/codes.ts. */
export type BrokerErrorCode = 'BROKER_NOT_FOUND' | 'BROKER_START_FAILED' | 'BROKER_RELOAD_FAILED';

/** The broker's process cannot be found, started or told of new users; the message ends with what it said. */
export class BrokerError extends Error {
  override readonly name = 'BrokerError';
  readonly code: BrokerErrorCode;

  constructor(code: BrokerErrorCode, detail: string, options?: ErrorOptions) {
    super(`${code}: ${detail}`, options);
    this.code = code;
  }
}
