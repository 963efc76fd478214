// Exactly once over real processes: nodes by kill −9, the broker killed and rolled back, RocksDB and JetStream underneath.
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RealNetwork } from '../host/real-network.ts';

const TOKENS = 200;
const HOPS = 499;
const ALL = TOKENS * (HOPS + 1);

let network: RealNetwork;
beforeEach(async () => {
  network = await RealNetwork.start();
});
afterEach(() => network.stop());

test('nodes that are killed while tokens wander lose none and make none', async () => {
  await network.mint(TOKENS, HOPS);
  for (let kills = 0; kills < 20; kills++) {
    await delay((kills * 37) % 200);
    await network.kill(kills % 2);
  }
  expect(await network.rest(ALL)).toEqual({ received_count: ALL, balance: 0 });
});

test('a broker that is killed and rolled back to an older copy of its store loses nothing', async () => {
  await network.mint(TOKENS, HOPS);
  await network.backUpBroker();
  for (let round = 0; round < 5; round++) {
    await delay(300);
    await network.rollBackBroker();
    await delay(200);
    await network.killBroker();
  }
  expect(await network.rest(ALL)).toEqual({ received_count: ALL, balance: 0 });
});

test('nodes and broker killed at once, again and again, lose nothing', async () => {
  await network.mint(TOKENS, HOPS);
  for (let round = 0; round < 5; round++) {
    await delay(150);
    await Promise.all([network.killBroker(), network.kill(0), network.kill(1)]);
  }
  expect(await network.rest(ALL)).toEqual({ received_count: ALL, balance: 0 });
});
