// Validators without a dealer: processes that begin with no beacon key make one on the chain, then hand it on to a newcomer as one
// of them leaves; the same key proves beacons before and after, to somebody who has the genesis file alone.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { keyPath } from '#runtime/network/local-genesis.ts';
import type { ValidatorSetView } from '#schemas/node/validators.ts';
import { Command } from '../support/command.ts';
import { type LiveNetwork, PATIENT_MS, withNetwork } from '../support/live-network.ts';
import { until } from '../support/until.ts';

/** Blocks come twice a second where nothing happens, so a phase takes some seconds. */
const params = { max_block_interval_ms: 500, epoch_heights: 8, keygen_phase_heights: 8, unbonding_heights: 20 };

const setOf = (network: LiveNetwork): Promise<ValidatorSetView> => network.client.get('/api/validators');
const keyOf = async (network: LiveNetwork) =>
  (await network.client.get<{ readonly beacon_key: string | null }>('/api/network')).beacon_key;

/** Resolves when the set of this epoch decides blocks. */
const reached = (
  network: LiveNetwork,
  isIt: (set: ValidatorSetView) => boolean,
  what: string,
): Promise<ValidatorSetView> =>
  until(
    async () => {
      const set = await setOf(network);
      return isIt(set) && set;
    },
    2 * PATIENT_MS,
    what,
  );
const membersOf = ({ validators }: ValidatorSetView): readonly string[] =>
  validators.filter(({ power }) => power > 0).map(({ id }) => id);

/** Runs a command to its end; what it printed. */
async function run<T>(...args: readonly string[]): Promise<T> {
  const command = new Command(...args, '--json');
  expect({ exit: await command.ended, err: command.err }).toEqual({ exit: 0, err: '' });
  return JSON.parse(command.out) as T;
}

/** The group key under which the beacon of a height is proven. */
async function proven({ dir, running }: LiveNetwork, height: number): Promise<string> {
  const trust = ['--genesis', join(dir, 'genesis.json'), '--gateway', running.gateway_url];
  return (await run<{ readonly group_key: string }>('beacon', 'verify', `${height}`, ...trust)).group_key;
}

test(
  'four validators make a key on the chain; a fifth joins, one leaves, and the key stays',
  { timeout: 10 * PATIENT_MS },
  () =>
    withNetwork({ shape: { is_compact: true, is_dealt: false, candidates_count: 1, params } }, async (network) => {
      const { dir, running } = network;
      const key = (name: string): string => keyPath(dir, name);
      const to = ['--gateway', running.gateway_url];
      const before = await setOf(network);
      expect([before.epoch, await keyOf(network)]).toEqual([0, null]);

      const made = await reached(network, ({ epoch }) => epoch === 1, 'the first key is made');
      const beacon_key = await keyOf(network);
      expect(beacon_key).toMatch(/^[0-9a-f]{96}$/);
      expect(membersOf(made)).toEqual(membersOf(before));

      await run('validator', 'leave', '--key', key('validator-2'), ...to);
      const keys = ['--key', key('validator-5'), '--operator', key('operator-validator-5')];
      keys.push('--cosigner', key('cosigner-5'), '--encryption', key('encryption-5'));
      await run('validator', 'join', ...keys, ...to);
      const { validators } = running.network.chain;
      const gone = validators[1]?.id ?? '';
      const newcomer = await network.idOf('validator-5');
      const changed = await reached(
        network,
        (set) => membersOf(set).includes(newcomer) && !membersOf(set).includes(gone),
        'one has left and one has joined',
      );
      expect(membersOf(changed)).toHaveLength(4);
      expect(await keyOf(network)).toBe(beacon_key);

      // Three seats of four make a beacon: without this one the newcomer's is needed.
      const [third] = network.names('workers');
      await network.kill(third ?? '');
      const { height } = await setOf(network);
      await until(async () => (await setOf(network)).height >= height + 3, PATIENT_MS, 'blocks with the newcomer');
      for (const proof of [made.first_height, changed.first_height - 1, changed.first_height, height + 1])
        expect(await proven(network, proof)).toBe(beacon_key);
    }),
);
