// The state is named once a second of block time: what is encoded, written and proven then, and what is not.
import { expect, test } from 'vitest';
import { verifyState } from '#machines/primitives/state-tree.ts';
import { Journal } from '#machines/settlement/table.ts';
import { createTables } from '#machines/settlement/tables.ts';
import { encodeRow, ROW_CODECS } from '#schemas/settlement/row-codec.ts';
import { CLIENT, id, sha256, World } from './world/chain.ts';
import { run } from './world/nodes.ts';

const heightsOf = (world: World): number[] =>
  world.results.flatMap(({ changes }, i) => (changes.length > 0 ? [i + 1] : []));

test('a checkpoint is the first block that is a second of block time and two heights after the one before', () => {
  const world = new World();
  for (const after_ms of [400, 400, 199, 1, 999, 1, 5_000, 5_000, 5_000, 5_000]) world.block(after_ms);
  expect(heightsOf(world)).toEqual([4, 6, 8, 10]);
});

test('between checkpoints the root stays, and rows are given out at none of these blocks', () => {
  const world = new World();
  world.checkpoint();
  const root = world.ledger.stateRoot();
  world.submitJob(3);
  run(world, () => world.events('unit.assigned').length > 0, undefined, 8);
  expect(world.ledger.jobs()).toHaveLength(1);
  expect(world.results.at(-1)).toMatchObject({ changes: [], state_root: root });
  world.checkpoint();
  expect(world.ledger.stateRoot()).not.toBe(root);
});

test('a row is proven as it was at the checkpoint, whatever became of it since', () => {
  const world = new World();
  world.checkpoint();
  const friend = `accounts/credit/${id('friend')}`;
  const pay = () => world.send(CLIENT, { type: 'transfer', to: id('friend'), asset: 'credit', amount_units: 5n });
  const proven = () => {
    const { value, proof, state_root } = world.ledger.prove(friend);
    expect(verifyState(Buffer.from(state_root, 'hex'), friend, value, proof, sha256)).toBe(true);
    return value && ROW_CODECS.accounts.decode(value).amount_units;
  };
  pay();
  world.block();
  expect(proven()).toBe(null);
  world.checkpoint();
  pay();
  world.block();
  expect([proven(), world.ledger.balance('credit', id('friend'))]).toEqual([5n, 10n]);
  world.checkpoint();
  expect(proven()).toBe(10n);
});

test('rows that came and went between checkpoints are never written, those that went are removed once', () => {
  const journal = new Journal();
  const { nonces } = createTables(journal);
  nonces.put('kept', { next: 1 });
  nonces.put('gone', { next: 1 });
  journal.checkpoint();
  nonces.put('brief', { next: 1 });
  journal.endBlock();
  nonces.remove('brief');
  nonces.remove('gone');
  nonces.put('kept', { next: 2 });
  journal.endBlock();
  nonces.put('kept', { next: 3 });
  expect(nonces.encodeKept('kept')).toEqual(encodeRow(ROW_CODECS.nonces, { next: 1 }));
  expect(journal.checkpoint()).toEqual([
    { key: 'nonces/gone', value: null },
    { key: 'nonces/kept', value: encodeRow(ROW_CODECS.nonces, { next: 3 }) },
  ]);
  expect(journal.checkpoint()).toEqual([]);
});

test('what a transaction changed is taken back, also where an earlier block had changed it', () => {
  const journal = new Journal();
  const { nonces } = createTables(journal);
  nonces.put('a', { next: 1 });
  journal.endBlock();
  const mark = journal.mark();
  nonces.put('a', { next: 2 });
  nonces.put('b', { next: 1 });
  journal.rollback(mark);
  expect([nonces.get('a'), nonces.has('b')]).toEqual([{ next: 1 }, false]);
  expect(journal.checkpoint().map(({ key }) => key)).toEqual(['nonces/a']);
});
