// Waits for a condition instead of a time: the deadline is only there so that a broken network fails instead of hanging.
import { setTimeout as delay } from 'node:timers/promises';

const LOOK_AGAIN_MS = 50;

/**
 * Resolves with the first answer that is neither false nor undefined. A question that fails is asked again.
 *
 * @param within_ms generous: machines that run tests are busy
 * @param what for the error: what did not happen
 */
export async function until<T>(
  ask: () => Promise<T | false | undefined> | T | false | undefined,
  within_ms: number,
  what: string,
): Promise<T> {
  const end_ms = performance.now() + within_ms;
  for (let last: unknown; ; await delay(LOOK_AGAIN_MS)) {
    try {
      const got = await ask();
      if (got !== false && got !== undefined) return got;
    } catch (error) {
      last = error;
    }
    if (performance.now() > end_ms) throw new Error(`not within ${within_ms / 1000} s: ${what}`, { cause: last });
  }
}
