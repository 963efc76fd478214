// The bell rings once per block for everyone who waits, and leaves nothing behind on a signal that lives as long as the node.
import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { BlockBell } from '#runtime/node/block-bell.ts';
import type { ExecutedBlock } from '#runtime/node/replica.ts';

const BLOCK = {} as ExecutedBlock;

test('who waits is woken by the next block, and only once', async () => {
  const bell = new BlockBell();
  const { signal } = new AbortController();
  let woken = 0;
  const waits = [bell.next(signal), bell.next(signal)].map((next) => next.then(() => woken++));
  bell.ring(BLOCK);
  await Promise.all(waits);
  bell.ring(BLOCK);
  expect(woken).toBe(2);
});

test('a thousand blocks leave no listener on the signal', async () => {
  const bell = new BlockBell();
  const { signal } = new AbortController();
  for (let blocks = 0; blocks < 1_000; blocks++) {
    const next = bell.next(signal);
    bell.ring(BLOCK);
    await next;
  }
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('a signal that fires ends the wait, before and while it waits', async () => {
  const bell = new BlockBell();
  const stop = new AbortController();
  const waiting = bell.next(stop.signal);
  stop.abort();
  await waiting;
  await bell.next(stop.signal);
  expect(stop.signal.aborted).toBe(true);
});

test('a listener hears every block until it is taken off', () => {
  const bell = new BlockBell();
  let heard = 0;
  const off = bell.onBlock(() => heard++);
  bell.ring(BLOCK);
  off();
  bell.ring(BLOCK);
  expect(heard).toBe(1);
});
