// The state of another validator, taken up by one that has nothing: a true one whole, a false one not at all.
import { expect, test } from 'vitest';
import { createDisk, type Disk } from '#runtime/sim/disk.ts';
import { drawPlan } from '#runtime/sim/draw-plan.ts';
import { SOUND } from '#runtime/sim/mutations.ts';
import { openWorld } from '#runtime/sim/open-world.ts';
import type { Plan } from '#runtime/sim/plan.ts';
import { happen } from '#runtime/sim/simulation.ts';
import { takeUpSnapshot } from '#runtime/sim/state-sync.ts';

/** Four validators and one that joins, without any fault. */
const QUIET: Plan = {
  ...drawPlan(0, 'epochs'),
  powers: [1, 1, 1, 1, 1],
  founders: 4,
  requests: [{ node: 4, at_height: 1, asks: 'join', stops: false }],
  byzantine: {},
  core: [0, 1, 2, 3, 4],
  delay: { least_ms: 1, spread_ms: 3, slowOf1024: 0, slow_ms: 1 },
  lossOf1024: 0,
  duplicateOf1024: 0,
  filters: [],
  partitions: [],
  crashes: [],
  pauses: [],
  skews_ms: [0, 0, 0, 0, 0],
  twice: null,
  blackout_ms: 0,
};

async function runTo(height: number) {
  const broken: string[] = [];
  const opened = openWorld(QUIET, SOUND, {
    report: (rule, _node, detail) => broken.push(`${rule}: ${detail}`),
    tell: undefined,
    sees: () => undefined,
  });
  const { world, replicas } = opened;
  for (const replica of replicas.slice(0, 4)) await replica.start();
  world.workforce?.start();
  while (world.chain.height < height) {
    const event = world.queue.pop();
    if (event !== undefined) await happen(opened, event);
  }
  const [source] = replicas.flatMap(({ snapshot }) => snapshot?.disk ?? []);
  if (source === undefined) throw new Error('somebody is up');
  return { world, source, broken };
}

const stateOf = ({ rows }: Disk): string[] =>
  [...rows.values()]
    .filter(({ key }) => key.startsWith('state/'))
    .map(({ key, value }) => `${key} ${Buffer.from(value).toString('hex')}`)
    .toSorted();

test('a true snapshot is taken up whole, whatever sets lie between it and the genesis', async () => {
  const { world, source, broken } = await runTo(40);
  const disk = createDisk();
  const taken = await takeUpSnapshot(world, disk, { disk: source, lies: false });
  expect(taken).toMatchObject({ epoch: 1 });
  expect(stateOf(disk)).toEqual(stateOf(source));
  expect(broken).toEqual([]);
});

test('a changed or missing row is found, and nothing is written', async () => {
  const { world, source, broken } = await runTo(40);
  const seen = new Set<string>();
  for (let i = 0; i < 200; i++) {
    const disk = createDisk();
    const taken = await takeUpSnapshot(world, disk, { disk: source, lies: true });
    seen.add(typeof taken === 'object' ? 'taken' : taken);
    expect(stateOf(disk)).toEqual(typeof taken === 'object' ? stateOf(source) : []);
  }
  expect([...seen].toSorted()).toEqual(['refused', 'taken']);
  expect(broken).toEqual([]);
});
