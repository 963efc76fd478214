// The long drill: kill −9 of nodes and broker, and roll-backs of the broker, while tokens wander.
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { RealNetwork } from '../host/real-network.ts';

const TOKENS = 500;
const HOPS = 199;
/** Kills and roll-backs; a campaign asks for hundreds. */
const KILLS = Number(process.env['SORTITION_DRILL_KILLS'] ?? 40);

test('kills and a forgetful broker lose no token and make none', async () => {
  const network = await RealNetwork.start();
  try {
    await network.mint(TOKENS, HOPS);
    await network.backUpBroker();
    for (let kills = 0; kills < KILLS; kills++) {
      await delay((kills * 37) % 300);
      if (kills % 20 === 19) await network.rollBackBroker();
      else if (kills % 10 === 9) await network.killBroker();
      else await network.kill(kills % 2);
    }
    const all = TOKENS * (HOPS + 1);
    expect(await network.rest(all)).toEqual({ received_count: all, balance: 0 });
  } finally {
    await network.stop();
  }
});
