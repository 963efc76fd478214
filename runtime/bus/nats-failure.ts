// What the client throws, in the bus's own codes.
import { NoRespondersError, PermissionViolationError, RequestError } from '@nats-io/transport-node';
import { BusError, type BusErrorCode } from './bus-error.ts';

/** A refused subject is said to be one; anything else is `code`. */
export function busErrorOf(cause: unknown, code: BusErrorCode, subject: string): BusError {
  if (cause instanceof BusError) return cause;
  const error = cause instanceof RequestError ? cause.cause : cause;
  if (error instanceof PermissionViolationError)
    return new BusError('BUS_NOT_AUTHORISED', subject, error.operation, { cause });
  if (error instanceof NoRespondersError) return new BusError(code, subject, 'nobody listens', { cause });
  return new BusError(code, subject, error instanceof Error ? error.message : String(error), { cause });
}

/** Whether the broker said at once that nobody listens. */
export const isUnheard = (cause: unknown): boolean =>
  (cause instanceof RequestError ? cause.cause : cause) instanceof NoRespondersError;
