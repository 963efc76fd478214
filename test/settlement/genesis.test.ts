// What a genesis must say before a network may start from it.
import { expect, test } from 'vitest';
import { Genesis } from '#schemas/config/genesis.ts';
import { genesisOf } from './world/chain.ts';

const written = (genesis: Genesis) => ({
  ...genesis,
  params: { ...genesis.params, min_fee_units: '1', worker_stake_units: '1000' },
  balances: genesis.balances.map((b) => ({ ...b, amount_units: String(b.amount_units) })),
});

test('validators of unequal power are refused: the beacon counts shares, not power', () => {
  const genesis = written(genesisOf());
  expect(Genesis.safeParse(genesis).success).toBe(true);
  const validators = genesis.validators.map((v, i) => ({ ...v, power: i === 0 ? 3 : 1 }));
  const refused = Genesis.safeParse({ ...genesis, validators });
  expect(refused.error?.issues.map(({ message }) => message)).toEqual(['validators have equal power']);
});
