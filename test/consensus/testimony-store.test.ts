// What was said at decided heights outlives a restart: the last 64 of them, and nothing that a disk has spoiled.
import { afterEach, expect, test, vi } from 'vitest';
import { finalOps } from '#runtime/consensus/block-store.ts';
import { readDecided, TESTIMONY, testimonyOps } from '#runtime/consensus/testimony-store.ts';
import type { Decided } from '#runtime/consensus/turn.ts';
import { MemoryDisk, openMemoryStore } from '#runtime/store/memory-store.ts';
import { encodeConsensusMessage } from '#schemas/consensus/message-codec.ts';
import type { Certificate, FinalBlock, SignedVote, Vote } from '#schemas/consensus/types.ts';
import { voteSignBytes } from '#schemas/consensus/vote-codec.ts';
import { MAX_RECENT_HEIGHTS } from '#schemas/wire/limits.ts';
import { subject } from '#schemas/wire/subjects.ts';
import { Hosts } from './hosts.ts';
import { CHAIN, Network, signVote } from './network.ts';
import { blockBy } from './solo.ts';

// On a machine that is too busy for the timeouts, heights take several rounds: slow, not stuck.
vi.setConfig({ testTimeout: 60_000 });

let open: Hosts | undefined;
afterEach(() => open?.close());

const network = new Network(4);
const { block, id } = blockBy(network, 0, 'a');
const said = (height: number, type: Vote['type'], validators: readonly number[]): SignedVote[] =>
  validators.map((validator) =>
    signVote(network.set, { type, epoch: 0, height, round: 0, value: id, valid_round: -1, validator }),
  );
const final = (height: number): FinalBlock => ({
  block,
  certificate: { type: 'commit', height, round: 0, value: id, votes: said(height, 'precommit', [0, 1, 2]) },
});

/** A disk on which heights 1 … `last` were decided, with two prevotes each. */
async function decidedUpTo(last: number): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const store = openMemoryStore(disk);
  for (let height = 1; height <= last; height++) {
    const tip = { height, id, time_ms: height, state_root: id };
    await store.batch([...finalOps(tip, final(height)), ...testimonyOps(height, said(height, 'prevote', [0, 3]))]);
  }
  return disk;
}

test('the votes of the last 64 heights come back beside their commits, and no others are kept', async () => {
  const last = MAX_RECENT_HEIGHTS + 6;
  const disk = await decidedUpTo(last);
  const heights = Array.from({ length: MAX_RECENT_HEIGHTS }, (_, i) => i + 7);
  expect(await readDecided(openMemoryStore(disk), last)).toEqual(
    heights.map((height) => ({ commit: final(height).certificate, votes: said(height, 'prevote', [0, 3]) })),
  );
  expect([...disk.rows.keys()].filter((key) => key.startsWith(TESTIMONY))).toHaveLength(MAX_RECENT_HEIGHTS);
});

test.each([
  ['with a wrong bit', (row: Uint8Array) => row.with(30, (row[30] ?? 0) ^ 4)],
  ['cut short', (row: Uint8Array) => row.subarray(0, row.length - 1)],
  ['empty', () => new Uint8Array(0)],
])('a row %s says nothing, and the others still speak', async (_name, spoil) => {
  const disk = await decidedUpTo(2);
  const [key = ''] = [...disk.rows.keys()].filter((each) => each.startsWith(TESTIMONY));
  disk.rows.set(key, spoil(disk.rows.get(key) ?? new Uint8Array(0)));
  const decided = await readDecided(openMemoryStore(disk), 2);
  expect(decided.map(({ votes }) => votes.length)).toEqual([0, 2]);
});

test('a validator that restarted hands over the votes of an earlier height when a fork shows there', async () => {
  const hosts = new Hosts(4);
  open = hosts;
  for (const i of [0, 1, 2, 3]) await hosts.start(i);
  // The last decided height may be lost with the process, and who came late to a height may have decided it without a prevote.
  const known = () => hosts.host(0).decided.find((each) => each.height < tipOf(hosts, 0) && witnesses(each).length > 0);
  for (let height = 1; known() === undefined; height++) {
    hosts.submit(`tx ${height}`);
    await hosts.until(() => [0, 1, 2, 3].every((i) => tipOf(hosts, i) >= height));
  }
  const decided = known() as Decided;
  await hosts.stop(0);
  await hosts.start(0, false);
  const { height } = decided;
  const rival = { type: 'precommit', epoch: 0, height, round: 99, value: '7'.repeat(64), valid_round: -1 } as const;
  const certificate: Certificate = {
    type: 'commit',
    height,
    round: rival.round,
    value: rival.value,
    votes: [1, 2, 3].map((validator) => {
      const vote = { ...rival, validator };
      return { ...vote, signature: hosts.host(validator).key.sign(voteSignBytes(CHAIN, vote)) };
    }),
  };
  const { id: from } = hosts.host(1).key;
  const word = encodeConsensusMessage({ type: 'certificate', certificate });
  hosts.broker.connect(from).cast(subject.consensus(height, rival.round, 'certificate', from), word);
  await hosts.until(() => hosts.host(0).halts.length > 0);
  const { halts, conflicts } = hosts.host(0);
  expect(halts).toEqual(['CONFLICTING_COMMITS']);
  expect(conflicts[0]?.votes.map(inWords)).toEqual(expect.arrayContaining(witnesses(decided).map(inWords)));
});

const tipOf = (hosts: Hosts, i: number): number => hosts.host(i).validator?.tip.height ?? 0;
const inWords = ({ validator, type, round, value, signature }: SignedVote): string =>
  [validator, type, round, value, Buffer.from(signature).toString('hex')].join(' ');
/** What may tell something of a fork with a later round. */
const witnesses = ({ votes, round }: Decided): SignedVote[] => votes.filter((vote) => vote.round >= round);
