// Four validators as processes: what the network does with one dead, two dead, one wiped, one doubled and one that votes twice.
import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { nodeDir, startNodeProcess } from '#runtime/network/node-process.ts';
import { voteTwice } from '../support/double-voter.ts';
import { expectAllMoneyThere, expectOneChain, type LeftBlock, readNodes } from '../support/left-on-disk.ts';
import { type LiveNetwork, PATIENT_MS, withNetwork } from '../support/live-network.ts';
import { report } from '../support/report.ts';
import { until } from '../support/until.ts';

/** Blocks come at least this often, ms, so that a standstill shows soon. */
const IDLE_MS = 500;
const LIVE = { isSupervised: false, shape: { params: { max_block_interval_ms: IDLE_MS } } } as const;
/** Long enough to tell a standstill from a slow block, ms. */
const STANDSTILL_MS = 16 * IDLE_MS;

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

/** Time from block to block, ms: median of those that were decided in their first round, and of those that needed a view change. */
function pace(blocks: readonly LeftBlock[], first: number, last: number) {
  const gaps = blocks
    .slice(first, last)
    .map(({ time_ms, round }, i) => ({ round, gap_ms: time_ms - (blocks[first + i - 1]?.time_ms ?? 0) }));
  const of = (isIn: (round: number) => boolean): number[] =>
    gaps.filter(({ round }) => isIn(round)).map(({ gap_ms }) => gap_ms);
  return {
    usual_ms: median(of((round) => round === 0)),
    changed_ms: median(of((round) => round === 1)),
    changes: of((round) => round > 0).length,
  };
}

const height = async (network: LiveNetwork): Promise<number> => (await network.view()).height;

/** Sees that no block is decided; resolves with the height at which the network stands. */
async function standstill(network: LiveNetwork): Promise<number> {
  await delay(STANDSTILL_MS / 4); // what was decided by now may still arrive
  const stopped = await height(network);
  await delay(STANDSTILL_MS);
  expect(await height(network)).toBe(stopped);
  return stopped;
}

/** Resolves with the time until the node is where the network is, ms from now. */
async function catchUp(network: LiveNetwork, name: string): Promise<number> {
  const begin_ms = performance.now();
  await network.revive(name);
  await network.reached([name], await height(network));
  return Math.round(performance.now() - begin_ms);
}

/** Resolves when this validator has proposed a block above `height`: it signs, and others believe it. */
async function proposes(network: LiveNetwork, name: string, above: number): Promise<void> {
  const id = await network.idOf(name);
  const look = async () => (await network.view()).blocks.some((block) => block.height > above && block.proposer === id);
  await until(look, PATIENT_MS, `${name} proposes again`);
}

test('one dead: blocks go on; two dead: none and no fork; started again: one chain, nothing lost', async () => {
  await withNetwork(LIVE, async (network) => {
    await network.kill('validator-2');
    const alone = await height(network);
    await network.reached(['validator-1', 'validator-3', 'validator-4'], alone + 40);

    await network.kill('validator-3');
    const again = await standstill(network);

    const back_ms = [await catchUp(network, 'validator-3'), await catchUp(network, 'validator-2')];
    await network.reached(network.names(), again + 20);
    await proposes(network, 'validator-2', again);
    expect((await network.view()).evidence).toEqual([]);
    await network.stop();

    const nodes = await readNodes(network.dir);
    expectOneChain(nodes);
    for (const node of nodes) expectAllMoneyThere(node, network.running.network.chain);
    const { usual_ms, changed_ms, changes } = pace(nodes[0]?.blocks ?? [], alone + 1, alone + 40);
    const change_ms = changed_ms - usual_ms;
    report(
      `view change ${change_ms} ms (${changed_ms} − ${usual_ms} ms, ${changes} of 40 blocks), halted at ${again}, caught up in ${back_ms.join(' and ')} ms`,
    );
    expect(changes).toBeGreaterThan(0);
  });
});

test('a wiped validator fetches the chain, keeps silent where it may have spoken, and then signs again', async () => {
  await withNetwork(LIVE, async (network) => {
    await network.reached(network.names('validator'), 30);
    await network.kill('validator-4');
    const wiped_at = await height(network);
    await network.wipe('validator-4');
    const back_ms = await catchUp(network, 'validator-4');
    await proposes(network, 'validator-4', wiped_at);
    expect((await network.view()).evidence).toEqual([]);
    await network.stop();
    const nodes = await readNodes(network.dir);
    expectOneChain(nodes);
    report(`wiped at height ${wiped_at}, back at it in ${back_ms} ms; ends at ${nodes[0]?.height}`);
  });
});

test('a wiped validator that everybody waits for keeps silent all the same: it may have voted there', async () => {
  await withNetwork(LIVE, async (network) => {
    await network.reached(network.names('validator'), 10);
    await network.kill('validator-3');
    await network.kill('validator-4');
    await network.wipe('validator-4');
    await network.revive('validator-4');
    await network.kill('validator-4'); // once more: what it fetched since is no memory of what it said
    await network.revive('validator-4');
    const stopped = await standstill(network);

    await network.revive('validator-3');
    await proposes(network, 'validator-4', stopped);
    expect((await network.view()).evidence).toEqual([]);
    await network.stop();
    expectOneChain(await readNodes(network.dir));
    report(`wiped twice in a halt at height ${stopped}: silent until validator-3 came back`);
  });
});

test('a validator that votes twice is named by evidence and loses its stake, once', async () => {
  await withNetwork(LIVE, async (network) => {
    const guilty = await network.idOf('validator-4');
    await network.kill('validator-4');
    const begin_ms = performance.now();
    const stopVoting = await voteTwice(network, 'validator-4');
    const found = async () => (await network.view()).evidence.find(() => true);
    const evidence = await until(found, PATIENT_MS, 'evidence is on the ledger').finally(() => void stopVoting());
    const named_ms = Math.round(performance.now() - begin_ms);
    expect(evidence).toMatchObject({ validator: guilty, kind: 'double_prevote' });

    // Its own process would hear what its key has said, and stop.
    const others = network.names().filter((name) => name !== 'validator-4');
    const { height: at, evidence: all } = await network.view();
    await network.reached(others, at + 20);
    await network.stop();
    const left = await readNodes(network.dir);
    expectOneChain(left);
    const nodes = left.filter(({ name }) => others.includes(name));
    const { chain } = network.running.network;
    const staked = chain.genesis.balances.find(({ account }) => account === guilty)?.amount_units ?? 0n;
    for (const node of nodes) {
      expectAllMoneyThere(node, chain);
      expect(node.ledger.balance('stake', guilty)).toBe(0n);
      // 30 % went to who brought it; a second punishment would have burned more.
      expect(node.ledger.balance('stake', 'burned')).toBe((staked * 7n) / 10n);
    }
    expect(new Set(all.map(({ validator }) => validator))).toEqual(new Set([guilty]));
    expect(new Set(all.map(({ evidence: id }) => id)).size).toBe(all.length);
    report(`named ${named_ms} ms after its first double vote, ${all.length} offences on the ledger`);
  });
});

test('a key deployed twice forks nothing, and only its owner can be accused', async () => {
  await withNetwork(LIVE, async (network) => {
    const { running, dir } = network;
    const planned = running.network.nodes.find(({ name }) => name === 'validator-4');
    if (planned === undefined) throw new Error('there are four validators');
    await network.reached(network.names('validator'), 10);
    await network.kill('validator-4');
    const node = { ...planned, name: 'validator-4-copy' };
    await cp(nodeDir(dir, 'validator-4'), nodeDir(dir, node.name), { recursive: true });
    await network.revive('validator-4');
    const { url, ws_url } = running.broker;
    const copy = startNodeProcess({ node, dir, genesis_path: running.network.genesis_path, url, ws_url });
    try {
      await copy.ready;
      const at = await height(network);
      // Whoever of the two hears words of its key that it never said stops; the others need neither.
      const others = network.names().filter((name) => name !== 'validator-4');
      await network.reached(others, at + 100);
      const { evidence } = await network.view();
      const guilty = await network.idOf('validator-4');
      expect(evidence.filter(({ validator }) => validator !== guilty)).toEqual([]);
      const notices = async () => {
        const logs = [planned, node].map(({ name }) => readFile(join(dir, 'logs', `${name}.log`), 'utf8'));
        return (await Promise.all(logs)).filter((log) => log.includes('KEY_IN_USE_TWICE')).length;
      };
      const stopped = await until(async () => (await notices()) || undefined, PATIENT_MS, 'one of the two stops');
      report(`a key deployed twice, and 100 blocks: ${stopped} of the two stopped, ${evidence.length} offences`);
    } finally {
      copy.signal('SIGKILL');
      await copy.ended;
    }
    await network.stop();
    expectOneChain(await readNodes(dir));
  });
});
