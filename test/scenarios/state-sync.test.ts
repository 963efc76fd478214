// Nodes that lost their disk in a network that has gone on for long and has changed its validators: they follow the sets, take up a
// snapshot, and a validator keeps silent until it may speak.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readFinalBlock, readLowest } from '#runtime/consensus/block-store.ts';
import { findHandovers } from '#runtime/consensus/handover-rows.ts';
import { keyPath } from '#runtime/network/local-genesis.ts';
import { nodeDir, startNodeProcess } from '#runtime/network/node-process.ts';
import { openRocksStore } from '#runtime/store/rocks-store.ts';
import type { ValidatorSetView } from '#schemas/node/validators.ts';
import { MIN_STATE_SYNC_HEIGHTS } from '#schemas/wire/limits.ts';
import { Command } from '../support/command.ts';
import { expectAllMoneyThere, expectOneChain, readNodes } from '../support/left-on-disk.ts';
import { type LiveNetwork, PATIENT_MS, withNetwork } from '../support/live-network.ts';
import { report } from '../support/report.ts';
import { until } from '../support/until.ts';

/** As many blocks as there can be without work, and a phase of a key generation in the time of a few. */
const params = { min_block_interval_ms: 0, max_block_interval_ms: 100, epoch_heights: 16, keygen_phase_heights: 24 };
const LIVE = { isSupervised: false, shape: { candidates_count: 1, params } } as const;
/** Of the network after the change. */
const MEMBERS = ['validator-1', 'validator-3', 'validator-4', 'validator-5'];

const heightNow = async (network: LiveNetwork): Promise<number> => (await network.view()).height;

const logOf = async (network: LiveNetwork, name: string): Promise<string[]> =>
  (await readFile(join(network.dir, 'logs', `${name}.log`), 'utf8')).split('\n');

/** Heights of the snapshots of which a node's log says this. */
async function snapshotsOf(network: LiveNetwork, name: string, what: string): Promise<number[]> {
  const lines = (await logOf(network, name)).filter((line) => line.includes(`"msg":"${what}"`));
  return lines.map((line) => (JSON.parse(line) as { height: number }).height);
}

/** Runs a command to its end; what it printed. */
async function run<T>(...args: readonly string[]): Promise<T> {
  const command = new Command(...args, '--json');
  expect({ exit: await command.ended, err: command.err }).toEqual({ exit: 0, err: '' });
  return JSON.parse(command.out) as T;
}

/** The fifth validator joins and the second leaves; resolves with the first epoch in which both is so. */
async function changeSet(network: LiveNetwork): Promise<ValidatorSetView> {
  const { dir, running } = network;
  const key = (name: string): string => keyPath(dir, name);
  const to = ['--gateway', running.gateway_url];
  const keys = ['--key', key('validator-5'), '--operator', key('operator-validator-5')];
  await run('validator', 'leave', '--key', key('validator-2'), ...to);
  await run('validator', 'join', ...keys, '--cosigner', key('cosigner-5'), '--encryption', key('encryption-5'), ...to);
  const wanted = new Set(await Promise.all(MEMBERS.map((name) => network.idOf(name))));
  const look = async (): Promise<ValidatorSetView | false> => {
    const set: ValidatorSetView = await network.client.get('/api/validators');
    const members = set.validators.filter(({ power }) => power > 0);
    return members.length === wanted.size && members.every(({ id }) => wanted.has(id)) && set;
  };
  return until(look, 3 * PATIENT_MS, 'one has left and one has joined');
}

type Verified = { readonly verified: boolean; readonly settlements: readonly { readonly epoch: number }[] };

/** Resolves when every member holds a snapshot above this height that is worth taking up. */
async function served(network: LiveNetwork, above: number): Promise<void> {
  const least = Math.max(above, MIN_STATE_SYNC_HEIGHTS) + 1;
  const holds = async (name: string): Promise<boolean> =>
    (await snapshotsOf(network, name, 'snapshot made')).some((height) => height >= least);
  await Promise.all(MEMBERS.map((name) => until(() => holds(name), 4 * PATIENT_MS, `${name} makes a snapshot`)));
}

/** Kill, wipe, start again; resolves when it is where the network was, with what its log says of a snapshot. */
async function wipe(network: LiveNetwork, name: string) {
  await network.kill(name);
  const wiped_at = await heightNow(network);
  await network.wipe(name);
  const begin_ms = performance.now();
  await network.revive(name);
  await network.reached([name], wiped_at, 3 * PATIENT_MS);
  const back_ms = Math.round(performance.now() - begin_ms);
  const [height = 0] = await snapshotsOf(network, name, 'snapshot taken up');
  return { wiped_at, back_ms, height };
}

/** A wiped follower whose operator trusts a checkpoint: the height of the snapshot that it takes up. */
async function followFrom(network: LiveNetwork, name: string, from: string): Promise<number> {
  const { running, dir } = network;
  const node = running.network.nodes.find((planned) => planned.name === name);
  if (node === undefined) throw new RangeError(name);
  await network.kill(name);
  await network.wipe(name);
  const { url, ws_url } = running.broker;
  const child = startNodeProcess({ node, dir, genesis_path: running.network.genesis_path, url, ws_url, from });
  try {
    await child.ready;
    const look = async () => (await snapshotsOf(network, name, 'snapshot taken up')).at(0) ?? false;
    return await until(look, PATIENT_MS, `${name} takes up a snapshot`);
  } finally {
    child.signal('SIGTERM');
    await child.ended;
  }
}

/** What a node's store holds: blocks, from the lowest on, and how the sets followed each other up to this epoch. */
async function leftBy(network: LiveNetwork, name: string, epoch: number) {
  const store = await openRocksStore(join(nodeDir(network.dir, name), 'db'));
  const lowest = await readLowest(store);
  const held = await Promise.all(
    [lowest - 1, lowest].map(async (at) => (await readFinalBlock(store, at)) !== undefined),
  );
  const handovers = await findHandovers(store, epoch);
  await store.close();
  return { lowest, held, handovers: handovers.length };
}

test('after a change of the set a wiped validator and wiped followers take up a snapshot; the validator signs again, and nobody signed twice', async () => {
  await withNetwork(LIVE, async (network) => {
    const { epoch, first_height } = await changeSet(network);
    expect(epoch).toBeGreaterThan(0);
    const seen = join(network.dir, 'seen.json');
    const trust = ['--genesis', join(network.dir, 'genesis.json'), '--gateway', network.running.gateway_url];
    const checkpoint = await run<{ height: number }>('light', ...trust, '--save', seen);
    const job = await network.submit({ units: 2, unit_log2: 20 });
    await network.finished(job);
    await network.archived(job);
    const drawn = await run<{ draws: { verified: boolean }[] }>('draw', `${job}/0`, '--verify', ...trust);
    expect(drawn.draws.map(({ verified }) => verified)).toEqual([true, true]);
    const archived = await run<Verified>(
      'verify',
      join(nodeDir(network.dir, 'archiver'), 'bundles', 'settlement-0'),
      ...trust.slice(0, 2),
    );
    expect(archived).toMatchObject({ verified: true, policy: { from: 'sets' }, settlements: [{ epoch }] });
    await served(network, checkpoint.height);
    const validator = await wipe(network, 'validator-4');
    const follower = await wipe(network, 'shuffler');
    const trusting = await followFrom(network, 'archiver', seen);
    expect(Math.min(validator.height, follower.height)).toBeGreaterThanOrEqual(first_height);
    expect(trusting).toBeGreaterThan(checkpoint.height);

    await network.kill('validator-3'); // from here on the wiped one is needed
    const needed_at = await heightNow(network);
    await network.reached(['validator-1', 'validator-4', 'validator-5'], needed_at + 20);
    const id = await network.idOf('validator-4');
    const proposes = async () =>
      (await network.view()).blocks.some((block) => block.proposer === id && block.height > needed_at);
    await until(proposes, PATIENT_MS, 'the wiped validator proposes again');
    expect((await network.view()).evidence).toEqual([]);
    await network.stop();

    expect(await leftBy(network, 'validator-4', epoch)).toEqual({
      lowest: validator.height,
      held: [false, true],
      handovers: epoch,
    });
    const nodes = await readNodes(network.dir);
    expectOneChain(nodes);
    for (const node of nodes) expectAllMoneyThere(node, network.running.network.chain);
    report(
      `set of epoch ${epoch} from height ${first_height}, snapshot of height ${validator.height}: validator back at ${validator.wiped_at} in ${validator.back_ms} ms, follower in ${follower.back_ms} ms`,
    );
  });
});
