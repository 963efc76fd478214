// Failures that stop a validator; refusals of outside input are counted instead.
import type { Code } from '#schemas/wire/codes.ts';

/** Why it stops: CONFLICTING_COMMITS, STATE_ROOT_MISMATCH, SIGNER_CONFLICT, KEY_IN_USE_TWICE, LOG_CORRUPT; or BLOCK_MALFORMED in the own store. */
export class ConsensusError extends Error {
  override readonly name = 'ConsensusError';
  readonly code: Code;

  constructor(code: Code, detail: string, options?: ErrorOptions) {
    super(`${code}: ${detail}`, options);
    this.code = code;
  }
}
