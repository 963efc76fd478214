// The ledger from submission to settlement, with honest nodes, liars and sleepers around it.
import { expect, test } from 'vitest';
import { BURNED, escrowOf, TREASURY } from '#machines/settlement/accounts.ts';
import { createLedger, createTreelessLedger } from '#machines/settlement/ledger.ts';
import { MIN_SETTLEMENT_HEIGHTS } from '#schemas/wire/limits.ts';
import { CHAIN, CLIENT, twinCrypto, WORKERS, World } from './world/chain.ts';
import { run } from './world/nodes.ts';

const finished = (world: World) => () => world.events('job.finished').length > 0;

test('a job of honest workers is paid 80 : 10 : 10 out of escrow, and the settlement sums to zero', () => {
  const world = new World();
  world.submitJob(20);
  run(world, finished(world));
  const row = world.ledger.settlement(0);
  const [job] = world.ledger.jobs();
  expect(job).toMatchObject({ settled_count: 20, parked_count: 0, attempts_count: 20, audits_count: 20 });
  expect(row?.entries.reduce((sum, { d }) => sum + d, 0n)).toBe(0n);
  expect(row?.entries.find(({ k }) => k === escrowOf(job?.id ?? ''))?.d).toBe(-2000n);
  expect(world.ledger.balance('credit', escrowOf(job?.id ?? ''))).toBe(0n);
  expect(row?.jobs).toEqual([job?.id]);
  expect(world.ledger.balance('credit', TREASURY)).toBeGreaterThan(0n);
  expect(world.ledger.balance('credit', CLIENT)).toBe(1_000_000n - 2_000n - 1n);
});

test('the same blocks give the same roots, from the beginning and from stored rows at any height', () => {
  const world = new World();
  world.submitJob(6);
  run(world, finished(world));
  const again = createLedger(world.genesis, CHAIN, twinCrypto);
  expect(world.blocks.map((block) => again.executeBlock(block).state_root)).toEqual(
    world.results.map((r) => r.state_root),
  );
});

test('a ledger without its tree executes as one with it, and stores the same rows', () => {
  const world = new World();
  world.submitJob(6);
  run(world, finished(world));
  const treeless = createTreelessLedger(world.genesis, CHAIN, twinCrypto);
  expect(world.blocks.map((block) => treeless.executeBlock(block))).toEqual(
    world.results.map(({ state_root: _, ...rest }) => rest),
  );
});

test('a job that finishes alone is settled at once; those that finish soon after share the next settlement', () => {
  const world = new World();
  const units = { one: 1, two: 14, three: 14 };
  for (const [key, count] of Object.entries(units)) world.submitJob(count, 100n, key);
  run(world, () => world.events('job.finished').length === 3);
  expect(world.ledger.settlementsCount()).toBe(1);
  expect(world.ledger.owesSettlement()).toBe(true);
  world.restart();
  expect(world.ledger.owesSettlement()).toBe(true);
  run(world, () => !world.ledger.owesSettlement());
  const [first, second] = [0, 1].map((seq) => world.ledger.settlement(seq));
  const ends = world.ledger.jobs().map(({ finished_height }) => finished_height);
  expect(first?.last_height).toBe(Math.min(...ends));
  expect(second?.last_height).toBe((first?.last_height ?? 0) + MIN_SETTLEMENT_HEIGHTS);
  expect([...(first?.jobs ?? []), ...(second?.jobs ?? [])].toSorted()).toEqual(
    world.ledger
      .jobs()
      .map(({ id }) => id)
      .toSorted(),
  );
  expect(second?.entries.reduce((sum, { d }) => sum + d, 0n)).toBe(0n);
});

test('a worker that lies about every sub-unit is caught, slashed ten rewards, and its unit is done by another', () => {
  const world = new World();
  const liar = WORKERS[0] ?? '';
  world.submitJob(12);
  run(world, finished(world), new Map([[liar, { lies: [0, 1, 2, 3] }]]));
  expect(world.events('node.slashed').every(({ node }) => node === liar)).toBe(true);
  expect(world.ledger.balance('stake', liar)).toBeLessThan(10_000n);
  expect(world.ledger.balance('stake', BURNED)).toBeGreaterThan(0n);
  expect(world.ledger.reputation(liar)).toBe(0);
  expect(world.ledger.jobs()[0]).toMatchObject({ settled_count: 12 });
});
