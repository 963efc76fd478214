// Work that goes wrong: no shuffler, operators that vanish, a worker that lies. The job ends right, by the others' hands.
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { readKeyFile } from '#runtime/keys/key-file.ts';
import { expectExact, readNodes, receiptsOf } from '../support/left-on-disk.ts';
import { type LiveNetwork, PATIENT_MS, withNetwork } from '../support/live-network.ts';
import { report } from '../support/report.ts';
import { until } from '../support/until.ts';

const JOB = { units: 24, unit_log2: 28 } as const;
/** Work of the dead is drawn again within seconds; a heartbeat comes every ten. */
const HASTY = { params: { away_after_ms: 15_000, commit_deadline_ms: 20_000, reveal_deadline_ms: 5_000 } } as const;

/** Ids of the workers that a node hosts. */
const workersOf = (network: LiveNetwork, name: string): Promise<string[]> => {
  const actors = network.running.network.nodes.find((node) => node.name === name)?.actors ?? [];
  return Promise.all(actors.map(async ({ key }) => (await readKeyFile(key)).id));
};

/** Resolves when some of the job's units are settled, and not all. */
const halfway = (network: LiveNetwork, id: string): Promise<boolean> =>
  until(async () => ((await network.job(id))?.settled_count ?? 0) > 0, PATIENT_MS, 'the first unit is settled');

test('a shuffler that is dead for good: validators stand in for it', async () => {
  await withNetwork({ isSupervised: false }, async (network) => {
    await network.staffed();
    await network.kill('shuffler');
    const job = await network.submit(JOB);
    const { finished_ms, submitted_ms, parked_count } = await network.finished(job);
    expect(parked_count).toBe(0);
    await network.archived(job);
    await network.stop();
    report(`no shuffler: ${(finished_ms - submitted_ms) / 1000} s; ${await expectExact(network.dir, [job])}`);
  });
});

test('an operator that vanishes mid-job: its units are drawn again and the others end the job', async () => {
  await withNetwork({ isSupervised: false, shape: HASTY }, async (network) => {
    await network.staffed();
    const job = await network.submit(JOB);
    await halfway(network, job);
    await network.kill('workers-ada');
    const { finished_ms, submitted_ms, attempts_count, parked_count } = await network.finished(job);
    expect(parked_count).toBe(0);
    await network.archived(job);
    await network.stop();
    report(
      `one operator gone: ${(finished_ms - submitted_ms) / 1000} s, ${attempts_count} attempts; ${await expectExact(network.dir, [job])}`,
    );
  });
});

test('two of three operators gone: nobody checks himself, so the job waits until one comes back', async () => {
  await withNetwork({ isSupervised: false, shape: HASTY }, async (network) => {
    await network.staffed();
    const job = await network.submit(JOB);
    await halfway(network, job);
    await network.kill('workers-ada');
    await network.kill('workers-bob');
    // Checks that were under way end within their deadlines.
    await delay(HASTY.params.commit_deadline_ms + 2 * HASTY.params.reveal_deadline_ms);
    const alone = await network.job(job);
    await delay(HASTY.params.reveal_deadline_ms);
    expect(await network.job(job)).toMatchObject({ settled_count: alone?.settled_count, finished_ms: 0 });
    await network.revive('workers-bob');
    const { attempts_count } = await network.finished(job, 2 * PATIENT_MS);
    await network.archived(job);
    await network.stop();
    report(
      `two operators gone: ${alone?.settled_count} of 24 settled by then, ${attempts_count} attempts; ${await expectExact(network.dir, [job])}`,
    );
  });
});

test('a worker that invents sub-units is caught and slashed, and others do its work', async () => {
  await withNetwork({ isSupervised: true, dishonest: ['workers-cyd'] }, async (network) => {
    await network.staffed();
    const liars = await workersOf(network, 'workers-cyd');
    const job = await network.submit(JOB);
    const { disagreements_count, attempts_count } = await network.finished(job);
    await network.archived(job);
    const { workers } = await network.view();
    const caught = workers.filter(({ fault_count }) => fault_count > 0);
    await network.stop();

    expect(disagreements_count).toBeGreaterThan(0);
    expect(caught.length).toBeGreaterThan(0);
    for (const { id, reputation_basis_points, stake_units } of caught) {
      expect(liars).toContain(id);
      expect(reputation_basis_points).toBe(0);
      expect(BigInt(stake_units)).toBeLessThan(1_000_000n);
    }
    const exact = await expectExact(network.dir, [job]);
    const [node] = await readNodes(network.dir);
    expect(node && receiptsOf(node, job).filter(({ worker }) => liars.includes(worker))).toEqual([]);
    report(
      `liars: ${caught.length} caught in ${disagreements_count} disagreements, ${attempts_count} attempts for 24 units; ${exact}`,
    );
  });
});
