// State sync in a network whose validator set changed: the sets are followed by certificates from what is trusted, whoever lies about them.
import { describe, expect, test } from 'vitest';
import { readTip } from '#runtime/consensus/block-store.ts';
import { findHandovers } from '#runtime/consensus/handover-rows.ts';
import { MemoryDisk, openMemoryStore } from '#runtime/store/memory-store.ts';
import { encodeMembership } from '#schemas/consensus/membership-codec.ts';
import type { Membership } from '#schemas/consensus/types.ts';
import {
  blockAt,
  ELECTORATE,
  handoverTo,
  LATEST,
  type Lie,
  MEMBERSHIPS,
  rowsAt,
  Servers,
  stateOf,
  storeWithSnapshot,
} from './snapshots.ts';

const HEIGHT = 1_000;
const ROWS = rowsAt(HEIGHT, 2);
const NOTHING = new Map();

const fresh = () => openMemoryStore(new MemoryDisk());
const snapshot = () => storeWithSnapshot(HEIGHT, ROWS, true);

/** A network of which these serve, the liar in its way. */
async function network(honest: readonly number[], liar?: readonly [number, Lie]): Promise<Servers> {
  const servers = new Servers(true);
  for (const i of honest) servers.serve(i, await snapshot());
  if (liar !== undefined) servers.serve(liar[0], await snapshot(), liar[1]);
  return servers;
}

test('from the genesis alone a node takes up a snapshot of a set in which nobody of the first is left', async () => {
  const servers = await network([2, 4, 5, 6]); // the first set is 0 to 3, the second 2 to 5, the last 4 to 7
  const store = fresh();
  await servers.sync(store);
  expect(await stateOf(store)).toEqual(ROWS);
  expect((await readTip(store))?.height).toBe(HEIGHT);
  // Members of later sets give chunks, and have become known by the sets alone.
  expect([4, 5, 6].map((i) => servers.asked[i]?.some(({ type }) => type === 'snapshots.request'))).toEqual([
    true,
    true,
    true,
  ]);
});

test('how the sets followed each other is kept for those who come later: it holds no blocks of that time', async () => {
  const store = fresh();
  await (await network([2])).sync(store);
  const kept = await findHandovers(store, 2);
  expect(kept.map(({ membership }) => Buffer.from(membership))).toEqual(
    MEMBERSHIPS.slice(1).map((membership) => Buffer.from(encodeMembership(membership))),
  );
  const servers = new Servers(true);
  servers.serve(2, store);
  const next = fresh();
  servers.serve(4, await snapshot(), (answer) => (answer.type === 'handover' ? { type: 'handover' } : answer));
  await servers.sync(next);
  expect(await stateOf(next)).toEqual(ROWS);
});

describe('with one of two known members lying, the snapshot is all the same that of the last set', () => {
  const handed =
    (bend: (epoch: number) => ReturnType<typeof handoverTo> | undefined): Lie =>
    (answer, question) => {
      if (answer.type !== 'handover' || question.type !== 'handover.request') return answer;
      const handover = bend(question.epoch);
      return { type: 'handover', ...(handover && { handover }) };
    };
  const friends = (epoch: number): Membership => ({
    ...(MEMBERSHIPS[epoch] as Membership),
    validators: (MEMBERSHIPS[2] as Membership).validators,
  });
  const blocks =
    (bend: (height: number) => Parameters<typeof blockAt>[1]): Lie =>
    (answer, question) => {
      if (answer.type !== 'range' || question.type !== 'range.request') return answer;
      const first = blockAt(question.first_height, bend(question.first_height));
      const previous = first.certificate.value ?? '';
      return { ...answer, blocks: [first, blockAt(question.last_height, { ...bend(question.last_height), previous })] };
    };
  const PROVEN_LIES: Record<string, Lie> = {
    'a set that the header does not name': handed((epoch) => ({
      ...handoverTo(epoch),
      membership: encodeMembership(friends(epoch)),
    })),
    'a set of its own making, which only the set itself names': handed((epoch) =>
      handoverTo(
        epoch,
        blockAt((MEMBERSHIPS[epoch]?.first_height ?? 0) - 1, { changes: true, by: { ...LATEST, epoch: epoch - 1 } }),
      ),
    ),
    'the handover of another epoch': handed(() => handoverTo(2)),
    'bytes that are no set': handed((epoch) => ({ ...handoverTo(epoch), membership: new Uint8Array(7) })),
    'an answer to another question': (answer) =>
      answer.type === 'handover' ? { type: 'manifest', first_keys: ['a'] } : answer,
  };
  test.each(Object.entries(PROVEN_LIES))('%s: it is asked for nothing more', async (_name, lie) => {
    const servers = await network([3], [2, lie]);
    const store = fresh();
    await servers.sync(store);
    expect(await stateOf(store)).toEqual(ROWS);
    expect(servers.asked[2]?.map(({ type }) => type)).toEqual(['snapshots.request', 'handover.request']);
  });

  const LIES: Record<string, Lie> = {
    'a missing link': handed(() => undefined),
    silence: (answer) => (answer.type === 'handover' ? undefined : answer),
    'blocks that the first set signs after it has handed over': blocks(() => ({ by: ELECTORATE })),
    'blocks of an epoch to which nothing leads': blocks(() => ({ by: { ...LATEST, epoch: 3 } })),
    'blocks that name another set than the one that signs': blocks(() => ({
      changes: true,
      validators_hash: ELECTORATE.hash,
    })),
  };
  test.each(Object.entries(LIES))('%s', async (_name, lie) => {
    const servers = await network([3], [2, lie]);
    const store = fresh();
    await servers.sync(store);
    expect(await stateOf(store)).toEqual(ROWS);
    expect((await readTip(store))?.height).toBe(HEIGHT);
  });

  test('an old snapshot, true as it is, comes after one that more members of the last set hold', async () => {
    const servers = new Servers(true);
    servers.serve(2, await storeWithSnapshot(HEIGHT - 300, rowsAt(HEIGHT - 300, 2), true));
    servers.serve(3, await storeWithSnapshot(HEIGHT - 300, rowsAt(HEIGHT - 300, 2), true));
    servers.serve(5, await snapshot());
    const store = fresh();
    await servers.sync(store);
    expect((await readTip(store))?.height).toBe(HEIGHT);
  });
});

test('a node that has nothing and knows nobody who is left listens for who announces blocks', async () => {
  const servers = await network([5, 6]);
  const store = fresh();
  let isOver = false;
  const synced = servers.sync(store).finally(() => {
    isOver = true;
  });
  while (!isOver) {
    servers.announce(6);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await synced;
  expect(await stateOf(store)).toEqual(ROWS);
});

describe('from a checkpoint', () => {
  const trusted = blockAt(800, { changes: true });
  const anchor = { set: LATEST, block: { height: 800, id: trusted.certificate.value ?? '' } };

  test('its set is asked, and nothing before it', async () => {
    const servers = await network([5, 6]);
    const store = fresh();
    await servers.sync(store, undefined, anchor);
    expect(await stateOf(store)).toEqual(ROWS);
    const questions = servers.asked.flat().filter((question) => question.type === 'handover.request');
    expect(new Set(questions.map((question) => question.epoch))).toEqual(new Set([3]));
  });

  test.each([
    ['older than it', { height: HEIGHT + 1, id: 'a'.repeat(64) }],
    ['whose block is another one', { height: HEIGHT, id: 'a'.repeat(64) }],
    ['that does not rest on it', { height: HEIGHT - 1, id: 'a'.repeat(64) }],
  ])('a snapshot %s is not taken up', async (_what, block) => {
    const servers = await network([5, 6]);
    const store = fresh();
    await servers.sync(store, undefined, { set: LATEST, block });
    expect(await stateOf(store)).toEqual(NOTHING);
  });
});
