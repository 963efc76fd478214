// Nodes that lost their disk in a network that has gone on for long: they take up a snapshot, and a validator keeps silent until it may speak.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readFinalBlock, readLowest } from '#runtime/consensus/block-store.ts';
import { nodeDir } from '#runtime/network/node-process.ts';
import { openRocksStore } from '#runtime/store/rocks-store.ts';
import { MIN_STATE_SYNC_HEIGHTS } from '#schemas/wire/limits.ts';
import { expectAllMoneyThere, expectOneChain, readNodes } from '../support/left-on-disk.ts';
import { type LiveNetwork, PATIENT_MS, withNetwork } from '../support/live-network.ts';
import { report } from '../support/report.ts';
import { until } from '../support/until.ts';

/** As many blocks as there can be without work. */
const LIVE = {
  isSupervised: false,
  shape: { params: { min_block_interval_ms: 0, max_block_interval_ms: 100 } },
} as const;
/** A snapshot is taken at the first checkpoint from this multiple on, and made within seconds. */
const LONG = MIN_STATE_SYNC_HEIGHTS + 40;

const heightNow = async (network: LiveNetwork): Promise<number> => (await network.view()).height;

/** Kill, wipe, start again; resolves when it is where the network was, with what its log says of a snapshot. */
async function wipe(network: LiveNetwork, name: string) {
  await network.kill(name);
  const wiped_at = await heightNow(network);
  await network.wipe(name);
  const begin_ms = performance.now();
  await network.revive(name);
  await network.reached([name], wiped_at, 3 * PATIENT_MS);
  const back_ms = Math.round(performance.now() - begin_ms);
  const log = (await readFile(join(network.dir, 'logs', `${name}.log`), 'utf8')).split('\n');
  const taken = log
    .filter((line) => line.includes('snapshot taken up'))
    .map((line) => JSON.parse(line) as { height: number });
  return { wiped_at, back_ms, height: taken[0]?.height ?? 0 };
}

/** Blocks that a node's store holds, from the lowest on. */
async function lowestOf(network: LiveNetwork, name: string) {
  const store = await openRocksStore(join(nodeDir(network.dir, name), 'db'));
  const lowest = await readLowest(store);
  const held = await Promise.all(
    [lowest - 1, lowest].map(async (at) => (await readFinalBlock(store, at)) !== undefined),
  );
  await store.close();
  return { lowest, held };
}

test('a wiped validator and a wiped follower take up a snapshot; the validator signs again, and nobody signed twice', async () => {
  await withNetwork(LIVE, async (network) => {
    await network.reached(network.names('validator'), LONG, 3 * PATIENT_MS);
    const validator = await wipe(network, 'validator-4');
    const follower = await wipe(network, 'shuffler');
    expect(Math.min(validator.height, follower.height)).toBeGreaterThan(MIN_STATE_SYNC_HEIGHTS);

    await network.kill('validator-3'); // from here on the wiped one is needed
    const needed_at = await heightNow(network);
    await network.reached(['validator-1', 'validator-2', 'validator-4'], needed_at + 20);
    const id = await network.idOf('validator-4');
    const proposes = async () =>
      (await network.view()).blocks.some((block) => block.proposer === id && block.height > needed_at);
    await until(proposes, PATIENT_MS, 'the wiped validator proposes again');
    expect((await network.view()).evidence).toEqual([]);
    await network.stop();

    expect(await lowestOf(network, 'validator-4')).toEqual({ lowest: validator.height, held: [false, true] });
    const nodes = await readNodes(network.dir);
    expectOneChain(nodes);
    for (const node of nodes) expectAllMoneyThere(node, network.running.network.chain);
    report(
      `snapshot of height ${validator.height}: validator back at ${validator.wiped_at} in ${validator.back_ms} ms, follower in ${follower.back_ms} ms`,
    );
  });
});
