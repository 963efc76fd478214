// Waiting for a height: it ends with the block, with the time, or at the limit.
import { expect, test } from 'vitest';
import { HeightWait } from '#runtime/gateway/height-wait.ts';
import { MAX_HEIGHT_WAIT_MS, MAX_HEIGHT_WAITERS } from '#schemas/wire/limits.ts';

/** A ledger that stands where it is told, and a clock that is wound by hand. */
function world() {
  let at = 5;
  const timers = new Map<() => void, number>();
  const setTimer = (delay_ms: number, fire: () => void) => {
    timers.set(fire, delay_ms);
    return () => void timers.delete(fire);
  };
  const wait = new HeightWait({ height: () => at }, { setTimer });
  const block = (): void => {
    at++;
    wait.hear();
  };
  return { wait, block, timers };
}

test('a height that is there is waited for no time', async () => {
  const { wait, timers } = world();
  expect(await wait.reach(5)).toBe(null);
  expect(timers.size).toBe(0);
});

test('each waits for its own block, and leaves no timer', async () => {
  const { wait, block, timers } = world();
  const seen: number[] = [];
  const waiting = [7, 6].map((height) => wait.reach(height).then(() => seen.push(height)));
  block();
  await waiting[1];
  expect(seen).toEqual([6]);
  block();
  await Promise.all(waiting);
  expect(timers.size).toBe(0);
});

test('a block that does not come is given up after its time', async () => {
  const { wait, timers } = world();
  const waiting = wait.reach(6);
  expect([...timers.values()]).toEqual([MAX_HEIGHT_WAIT_MS]);
  for (const fire of timers.keys()) fire();
  expect(await waiting).toBe('HEIGHT_NOT_REACHED');
});

test('no more wait than may, and those who do are let go when the gateway closes', async () => {
  const { wait } = world();
  const waiting = Array.from({ length: MAX_HEIGHT_WAITERS }, () => wait.reach(6));
  expect(await wait.reach(6)).toBe('HOST_BUSY');
  wait.close();
  expect(new Set(await Promise.all(waiting))).toEqual(new Set(['HEIGHT_NOT_REACHED']));
});
