// What a genesis must say before a network may start from it.
import { describe, expect, test } from 'vitest';
import { parseGenesis } from '#runtime/network/genesis-file.ts';
import { NetworkError } from '#runtime/network/network-error.ts';
import { Genesis } from '#schemas/config/genesis.ts';
import { MAX_VALIDATOR_POWER } from '#schemas/wire/limits.ts';
import { genesisOf, id } from './world/chain.ts';

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

describe('seats', () => {
  const genesis = { ...written(genesisOf()), beacon_key: null };
  const [first, ...rest] = genesis.validators.map((v) => ({ ...v, beacon_shares: [] }));
  const withPower = (power: number) => ({ ...genesis, validators: [{ ...first, power }, ...rest] });

  test('a set has at most 128, and nobody stands in it twice', () => {
    const members = (count: number) =>
      Array.from({ length: count }, (_, i) => ({ ...first, id: id(`m${i}`), power: 10 }));
    expect(messagesOf({ ...genesis, validators: members(12) })).toBeUndefined();
    expect(messagesOf({ ...genesis, validators: members(13) })).toEqual(['too many seats']);
    const twice = ['each validator stands once in the genesis'];
    expect(messagesOf({ ...genesis, validators: [first, first] })).toEqual(twice);
  });

  test('a validator has at most 10, as one that joins: a dealing for more does not fit into a transaction', () => {
    expect(messagesOf(withPower(MAX_VALIDATOR_POWER))).toBeUndefined();
    expect(messagesOf(withPower(MAX_VALIDATOR_POWER + 1))).toEqual(['a validator has at most 10 seats']);
    expect(messagesOf(withPower(0))).toHaveLength(1);
  });

  test('a file that says otherwise is refused with its code, and says what is wrong', () => {
    const read = (power: number) => () => parseGenesis(Buffer.from(JSON.stringify(withPower(power))), 'genesis.json');
    expect(read(10)().validators[0]?.power).toBe(10);
    expect(read(11)).toThrow(
      new NetworkError('GENESIS_MALFORMED', 'genesis.json: validators.0.power: a validator has at most 10 seats'),
    );
    expect(() => parseGenesis(Buffer.from('{'), 'genesis.json')).toThrow(
      new NetworkError('GENESIS_MALFORMED', 'genesis.json'),
    );
  });
});
