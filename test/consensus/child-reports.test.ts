// What validator processes report to the drills: a wait misses nothing, however the reports come.
import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { type Final, next, nextFinal } from '../../bench/validator-network.ts';

const final = (height: number): Final => ({ type: 'final', height, round: 0, state_root: '', finality_ms: [] });

test('a block that is reported in one piece with the one before it is not missed', async () => {
  const child = new EventEmitter();
  const wanted = nextFinal(child, ({ height }) => height === 74);
  // One that catches up tells of several blocks in one read of the pipe: between them no promise goes on.
  for (const height of [73, 74]) child.emit('message', final(height));
  child.emit('exit', null);
  expect((await wanted).height).toBe(74);
});

test('a wait leaves no listener behind, and ends with its process', async () => {
  const child = new EventEmitter();
  const usage = next(child, 'usage');
  child.emit('message', { type: 'usage', rss_mb: 1, cpu_ms: 1 });
  await usage;
  expect(child.eventNames()).toEqual([]);
  const never = next(child, 'ready');
  child.emit('exit', 1);
  await expect(never).rejects.toThrow('ended with 1');
  expect(child.eventNames()).toEqual([]);
});
