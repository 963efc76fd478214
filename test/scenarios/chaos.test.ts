// The main job while nodes die every second, while the broker dies, and while the broker forgets: it ends right, and nobody is paid twice.
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createPrng } from '#machines/primitives/prng.ts';
import { expectExact } from '../support/left-on-disk.ts';
import { type LiveNetwork, type LiveOptions, withNetwork } from '../support/live-network.ts';
import { report } from '../support/report.ts';

/** How long each drill goes on killing, s; the full campaign is 600. */
const SECONDS = Number(process.env['SORTITION_DRILL_SECONDS'] ?? 60);
const SEED = Number(process.env['SORTITION_DRILL_SEED'] ?? 1);
/** Small enough that jobs follow one another, large enough that most kills hit one. */
const JOB = { units: 24, unit_log2: 28 } as const;
/** Everything must be done this long after the last kill, ms: deadlines of units that a dead worker held included. */
const REST_MS = 240_000;
/** Start, drill, rest, and a look at what is left. */
const TIMEOUT = { timeout: SECONDS * 1000 + 2 * REST_MS };

/** One disturbance; says what it did, or nothing where there was nothing to disturb. */
type Disturb = (network: LiveNetwork, count: number) => Promise<string | undefined>;

/** Keep jobs running and disturb the network for as long as the drill takes; then everything must come right. */
async function drill(
  name: string,
  options: LiveOptions,
  every_ms: number,
  disturb: Disturb,
): Promise<ReadonlyMap<string, number>> {
  return withNetwork(options, async (network) => {
    const end_ms = performance.now() + SECONDS * 1000;
    const [jobs, done] = await Promise.all([work(network, end_ms), harass(network, end_ms, every_ms, disturb)]);
    const late_s = Math.max(0, (performance.now() - end_ms) / 1000);
    await network.stop();
    const exact = await expectExact(network.dir, jobs);
    const told = Array.from(done, ([what, count]) => `${what} ${count}`).join(', ');
    report(
      `${name}: seed ${SEED}, ${SECONDS} s; ${told}; ${jobs.length} jobs, the last one ${late_s.toFixed(1)} s after the end; ${exact}`,
    );
    return done;
  });
}

/** One job after the other until the time is up; the last one ends in peace. */
async function work(network: LiveNetwork, end_ms: number): Promise<readonly string[]> {
  const jobs: string[] = [];
  while (jobs.length === 0 || performance.now() < end_ms) {
    const job = await network.submit(JOB);
    jobs.push(job);
    await network.finished(job, end_ms - performance.now() + REST_MS);
  }
  await network.archived(jobs.at(-1) ?? '', REST_MS);
  return jobs;
}

async function harass(
  network: LiveNetwork,
  end_ms: number,
  every_ms: number,
  disturb: Disturb,
): Promise<ReadonlyMap<string, number>> {
  const done = new Map<string, number>();
  for (let next_ms = performance.now() + every_ms, count = 0; next_ms < end_ms; count++) {
    await delay(next_ms - performance.now());
    const what = await disturb(network, count);
    if (what !== undefined) done.set(what, (done.get(what) ?? 0) + 1);
    next_ms = Math.max(next_ms + every_ms, performance.now());
  }
  return done;
}

test('nodes killed at random every second: jobs end right, sums are zero, no unit is paid twice', TIMEOUT, async () => {
  const random = createPrng(SEED);
  const killed = await drill('kill nodes', {}, 1_000, async (network) => {
    const alive = network.names().filter((name) => network.running.process(name)?.isRunning());
    if (alive.length === 0) return undefined;
    const name = random.pick(alive);
    await network.kill(name);
    return name;
  });
  expect(killed.size).toBeGreaterThan(1);
});

test('a broker killed every few seconds: the same', TIMEOUT, async () => {
  const killed = await drill('kill broker', {}, 4_000, async (network) => {
    await network.running.broker.kill('SIGKILL');
    return 'broker';
  });
  expect(killed.get('broker')).toBeGreaterThan(0);
});

test('a broker whose store is rolled back to an older copy: the same', TIMEOUT, async () => {
  let copy: string | undefined;
  const done = await drill('roll back broker', { isSupervised: false }, 5_000, async (network, count) => {
    if (copy === undefined || count % 4 === 0) {
      copy = await network.copyBroker();
      return 'copied';
    }
    await network.rollBackBroker(copy);
    return 'rolled back';
  });
  expect(done.get('rolled back')).toBeGreaterThan(0);
});
