// The lottery port answers when a block leaves draws open, with those that the beacon names, and waits otherwise.
import { expect, test } from 'vitest';
import { createLotteryPort } from '#runtime/node/lottery-port.ts';
import { World } from '../settlement/world/chain.ts';

/** The port over a world, and its bell. */
function lottery() {
  const world = new World();
  let wake = (): void => undefined;
  const stop = new AbortController();
  const port = createLotteryPort(
    world.ledger,
    (signal) =>
      new Promise((resolve) => {
        wake = resolve;
        signal.addEventListener('abort', () => resolve(), { once: true });
      }),
  );
  const ask = (request: object) => port(request, { key: 'draws', actor: 'shuffler', signal: stop.signal });
  const block = async (after_ms?: number): Promise<void> => {
    world.block(after_ms);
    wake();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { world, ask, block, stop };
}

test('it waits for the block that brings the beacon, and tells the draws with their height', async () => {
  const { world, ask, block } = lottery();
  let answer: unknown;
  const asked = ask({ after_height: 0, older_than_ms: 0 }).then((told) => (answer = told));
  world.heartbeats();
  await block();
  world.submitJob(2);
  await block();
  expect(answer).toBeUndefined();
  for (let blocks = 0; blocks < 4 && answer === undefined; blocks++) await block();
  await asked;
  expect(answer).toEqual({ height: world.ledger.height(), draws: world.ledger.pendingDraws() });
  expect(world.ledger.pendingDraws().map(({ unit }) => unit)).toHaveLength(2);
});

test('it tells nothing twice of one height', async () => {
  const { world, ask, block } = lottery();
  world.heartbeats();
  world.submitJob(1);
  for (const _ of [1, 2, 3, 4]) await block();
  const first = (await ask({ after_height: 0, older_than_ms: 0 })) as { height: number };
  let isTold = false;
  const second = ask({ after_height: first.height, older_than_ms: 0 }).then(() => (isTold = true));
  await new Promise((resolve) => setImmediate(resolve));
  expect(isTold).toBe(false);
  await block();
  await second;
});

test('a stand-in is told only what has waited for as long as it says', async () => {
  const { world, ask, block } = lottery();
  world.heartbeats();
  world.submitJob(1);
  for (const _ of [1, 2, 3, 4]) await block();
  let isTold = false;
  const told = ask({ after_height: 0, older_than_ms: 2_000 }).then(() => (isTold = true));
  await block(100);
  expect(isTold).toBe(false);
  await block(3_000);
  await told;
});

test('a node that drains ends the wait', async () => {
  const { ask, stop } = lottery();
  const asked = ask({ after_height: 0, older_than_ms: 0 });
  stop.abort(new Error('draining'));
  await expect(asked).rejects.toThrow('draining');
});
