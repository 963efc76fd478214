// Failures of the bus: the caller keeps the message in its outbox and repeats it by its own policy.

/** Codes of BusError; each is explained in schemas/wire/codes.ts. */
export type BusErrorCode = 'BUS_BUSY' | 'BUS_UNAVAILABLE' | 'BUS_NO_ANSWER' | 'BUS_NOT_AUTHORISED';

/** A message that was not confirmed, or a subject that was refused. */
export class BusError extends Error {
  override readonly name = 'BusError';
  readonly code: BusErrorCode;
  readonly subject: string;

  constructor(code: BusErrorCode, subject: string, detail: string, options?: ErrorOptions) {
    super(`${code} ${subject}: ${detail}`, options);
    this.code = code;
    this.subject = subject;
  }
}
