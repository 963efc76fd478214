// Any row can be proven to whoever knows the state root alone; the roots of a known story never change.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { verifyState } from '#machines/primitives/state-tree.ts';
import { ROW_CODECS } from '#schemas/settlement/row-codec.ts';
import { CLIENT, id, sha256, WORKERS, World } from './world/chain.ts';
import { run } from './world/nodes.ts';

/** A job with a liar, a sleeper and a transfer: the story whose roots are recorded. */
function story(): World {
  const world = new World();
  world.submitJob(10);
  world.send(CLIENT, { type: 'transfer', to: id('friend'), asset: 'credit', amount_units: 77n });
  const [liar = '', sleeper = ''] = WORKERS;
  run(
    world,
    () => false,
    new Map([
      [liar, { lies: [0, 1, 2, 3] }],
      [sleeper, { skips: ['open'] }],
    ]),
    40,
  );
  world.block(31_000);
  run(world, () => world.events('job.finished').length > 0);
  world.checkpoint();
  return world;
}

test('the roots of a known story are the recorded ones, block by block', () => {
  const golden = JSON.parse(
    readFileSync(new URL('../golden/settlement/ledger-roots.json', import.meta.url), 'utf8'),
  ) as string[];
  expect(story().results.map(({ state_root }) => state_root)).toEqual(golden);
});

test('balances, receipts and absences are provable against the state root', () => {
  const world = story();
  const { unit } = world.events('unit.settled')[0] ?? { unit: '' };
  for (const key of [
    `accounts/credit/${CLIENT}`,
    `proofs/${unit}`,
    'settlements/0',
    `accounts/credit/${id('nobody')}`,
    'nodes/none',
  ]) {
    const { value, proof, state_root } = world.ledger.prove(key);
    const root = Buffer.from(state_root, 'hex');
    expect(verifyState(root, key, value, proof, sha256)).toBe(true);
    expect(verifyState(root, key, Buffer.from('another'), proof, sha256)).toBe(false);
    expect(verifyState(root, value === null ? 'nodes/' : `${key}0`, value, proof, sha256)).toBe(false);
  }
  const { value } = world.ledger.prove(`accounts/credit/${id('friend')}`);
  expect(value && ROW_CODECS.accounts.decode(value)).toEqual({ amount_units: 77n });
});

test('a ledger reopened from its rows answers and proves as before', () => {
  const world = story();
  const before = { root: world.ledger.stateRoot(), jobs: world.ledger.jobs(), pending: world.ledger.pendingDraws() };
  const told = world.ledger.explainDraw(world.events('unit.settled')[0]?.unit ?? '', 'audit');
  world.restart();
  expect(world.ledger.stateRoot()).toBe(before.root);
  expect(world.ledger.jobs().map((job) => job.id)).toEqual(before.jobs.map((job) => job.id));
  expect(world.ledger.explainDraw(world.events('unit.settled')[0]?.unit ?? '', 'audit')).toEqual(told);
});
