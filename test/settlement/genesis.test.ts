// What a genesis must say before a network may start from it.
import { expect, test } from 'vitest';
import { Genesis } from '#schemas/config/genesis.ts';
import { genesisOf } from './world/chain.ts';

const written = (genesis: Genesis) => ({
  ...genesis,
  params: { ...genesis.params, min_fee_units: '1', worker_stake_units: '1000', validator_stake_units: '1000' },
  balances: genesis.balances.map((b) => ({ ...b, amount_units: String(b.amount_units) })),
});

const messagesOf = (genesis: unknown) => Genesis.safeParse(genesis).error?.issues.map(({ message }) => message);

test('validators may have unequal power, each with as many shares of the beacon as seats', () => {
  const genesis = written(genesisOf());
  const [share = ''] = genesis.validators[0]?.beacon_shares ?? [];
  const with3 = (beacon_shares: string[]) =>
    genesis.validators.map((v, i) => (i === 0 ? { ...v, power: 3, beacon_shares } : v));
  expect(messagesOf({ ...genesis, validators: with3([share, share, share]) })).toBeUndefined();
  const missing = ['a beacon key comes with a public share for each seat'];
  expect(messagesOf({ ...genesis, validators: with3([share]) })).toEqual(missing);
  expect(messagesOf({ ...genesis, beacon_key: null })).toEqual(missing);
});

test('a network may start without a beacon key, and then without shares', () => {
  const genesis = written(genesisOf());
  const validators = genesis.validators.map((v) => ({ ...v, beacon_shares: [] }));
  expect(messagesOf({ ...genesis, beacon_key: null, validators })).toBeUndefined();
});

test('a set has at most 128 seats, and nobody stands in it twice', () => {
  const genesis = { ...written(genesisOf()), beacon_key: null };
  const [first, ...rest] = genesis.validators.map((v) => ({ ...v, beacon_shares: [] }));
  expect(messagesOf({ ...genesis, validators: [{ ...first, power: 126 }, ...rest] })).toEqual(['too many seats']);
  expect(messagesOf({ ...genesis, validators: [first, first] })).toEqual(['each validator stands once in the genesis']);
});
