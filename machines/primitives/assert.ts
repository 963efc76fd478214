// Assertions that stay on in production: a broken invariant stops the actor instead of spreading.

/** A bug of ours: never a refusal of outside input. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

/**
 * State an invariant.
 *
 * @throws AssertionError when it does not hold; the actor stops and its last snapshot stays
 */
export function assert(condition: boolean, why: string): asserts condition {
  if (!condition) throw new AssertionError(why);
}

/** The value that must be there; `why` names the invariant which says so. */
export function present<T>(value: T | undefined | null, why: string): T {
  assert(value !== undefined && value !== null, why);
  return value;
}
