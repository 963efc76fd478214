// Two commits of one height, however the second comes: the validator stops, and hands over both.
import { describe, expect, test } from 'vitest';
import { BlockCutter } from '#machines/consensus/block-parts.ts';
import { blockId, makeBlock } from '#machines/consensus/block-rules.ts';
import type { Input } from '#machines/consensus/types.ts';
import type { Certificate, CommitConflict } from '#schemas/consensus/types.ts';
import { configOf, crypto, electoratesOf, HashApp, membershipOf, Network, signProposal, signVote } from './network.ts';
import { blockBy, proposed, solo, vote, voted } from './solo.ts';

test('a second commit certificate for a decided height stops the validator', () => {
  const { network, hears } = solo(3);
  const [a, b] = [blockBy(network, 0, 'a'), blockBy(network, 0, 'b')];
  hears(proposed(network, 0, 0, a), ...[0, 1, 2].map((i) => voted(vote(network, 'precommit', i, 0, a.id))));
  const votes = [0, 1, 2].map((i) => vote(network, 'precommit', i, 1, b.id));
  hears({
    type: 'certificate.received',
    certificate: { type: 'commit', height: 1, round: 1, value: b.id, votes },
    now_ms: 1_000,
  });
  expect(network.node(3).halts).toEqual(['CONFLICTING_COMMITS']);
  expect(network.node(3).conflicts).toMatchObject([
    { first: { round: 0, value: a.id }, second: { round: 1, value: b.id, votes } },
  ]);
});

test('two quorums of votes on different blocks stop the validator before it decides either', () => {
  const { network, hears } = solo(3);
  const [a, b] = [blockBy(network, 0, 'a'), blockBy(network, 1, 'b')];
  hears(...[0, 1, 2].map((i) => voted(vote(network, 'precommit', i, 0, a.id))));
  expect(network.node(3).halts).toEqual([]);
  hears(...[0, 1, 2].map((i) => voted(vote(network, 'precommit', i, 1, b.id))), proposed(network, 0, 0, a));
  const { halts, finals, conflicts, log } = network.node(3);
  expect([halts, finals]).toEqual([['CONFLICTING_COMMITS'], []]);
  expect(conflicts).toMatchObject([{ first: { round: 0, value: a.id }, second: { round: 1, value: b.id } }]);
  // A replay does not halt in silence: what showed the fork comes again, or is in the evidence file.
  expect(log.filter((input) => input.type === 'vote.received' && input.vote.round === 1)).toHaveLength(2);
});

test('a synced block against a commit that is held stops the validator and is not executed', () => {
  const { network, hears } = solo(3);
  const [a, b] = [blockBy(network, 0, 'a'), blockBy(network, 1, 'b')];
  const commit = (round: number, value: string) =>
    ({
      type: 'commit',
      height: 1,
      round,
      value,
      votes: [0, 1, 2].map((i) => vote(network, 'precommit', i, round, value)),
    }) as const;
  hears({ type: 'certificate.received', certificate: commit(1, b.id), now_ms: 1_000 });
  const range = [{ block: a.block, certificate: commit(0, a.id) }];
  hears({ type: 'blocks.synced', from: network.set[1]?.id ?? '', blocks: range, now_ms: 1_000 });
  const { halts, finals, conflicts } = network.node(3);
  expect([halts, finals]).toEqual([['CONFLICTING_COMMITS'], []]);
  expect(conflicts).toMatchObject([{ first: { round: 0, value: a.id }, second: { round: 1, value: b.id } }]);
});

test('after a restart the tip still stands against another commit of its height', () => {
  const { network, hears } = solo(3);
  const [a, b] = [blockBy(network, 0, 'a'), blockBy(network, 0, 'b')];
  hears(proposed(network, 0, 0, a), ...[0, 1, 2].map((i) => voted(vote(network, 'precommit', i, 0, a.id))));
  network.restart(3);
  const votes = [0, 1, 2].map((i) => vote(network, 'precommit', i, 0, b.id));
  hears({
    type: 'certificate.received',
    certificate: { type: 'commit', height: 1, round: 0, value: b.id, votes },
    now_ms: 1_000,
  });
  expect(network.node(3).conflicts).toMatchObject([{ first: { value: a.id }, second: { value: b.id }, votes: [] }]);
});

describe('what another validator has stopped on', () => {
  const forkOf = (network: Network, voters: readonly number[] = [0, 1, 2], height = 1) => {
    const commit = (text: string, round: number): Certificate => {
      const value = blockBy(network, 0, text).id;
      const votes = voters.map((i) =>
        signVote(network.set, { ...vote(network, 'precommit', i, round, value), height }),
      );
      return { type: 'commit', height, round, value, votes };
    };
    return { first: commit('a', 0), second: commit('b', 1), votes: [] };
  };
  const heard = (conflict: CommitConflict): Input => ({ type: 'conflict.received', conflict, now_ms: 1_000 });

  test('stops this one too, with what it holds itself of that height', () => {
    const { network, hears } = solo(3);
    const conflict = forkOf(network);
    const prevote = vote(network, 'prevote', 1, 1, conflict.second.value);
    const mine = vote(network, 'precommit', 0, 0, conflict.first.value);
    hears(voted(mine), voted(prevote), heard({ ...conflict, votes: [prevote] }));
    const { halts, conflicts } = network.node(3);
    expect(halts).toEqual(['CONFLICTING_COMMITS']);
    expect(conflicts).toEqual([{ ...conflict, votes: [prevote, mine] }]);
  });

  test('stops one that is far behind, as long as it knows the set: the last of an epoch votes at all later heights', () => {
    const { network, hears } = solo(3);
    hears(heard(forkOf(network, [0, 1, 2], 9)));
    expect(network.node(3).halts).toEqual(['CONFLICTING_COMMITS']);
  });

  test('is looked at before it is believed', () => {
    const { network, hears } = solo(3);
    const conflict = forkOf(network);
    const forged = {
      ...conflict.second,
      votes: conflict.second.votes.map((v) => ({ ...v, signature: new Uint8Array(64) })),
    };
    hears(
      heard(forkOf(network, [0, 1])),
      heard({ ...conflict, second: conflict.first }),
      heard({ ...conflict, second: forged }),
      heard({ ...conflict, votes: [{ ...vote(network, 'prevote', 1, 0, null), signature: new Uint8Array(64) }] }),
    );
    const { halts, refusals } = network.node(3);
    expect([halts, refusals]).toEqual([[], Array(4).fill('EVIDENCE_FILE_FALSE')]);
  });

  test('is said by the one that stops: all others stop, each with its own file', () => {
    const network = new Network(4).start();
    const { first, second } = forkOf(network);
    for (const certificate of [first, second])
      network.input(0, { type: 'certificate.received', certificate, now_ms: 1_000 });
    network.run(1_100);
    for (const { halts, conflicts } of network.nodes) {
      expect(halts).toEqual(['CONFLICTING_COMMITS']);
      expect(conflicts).toMatchObject([{ first, second }]);
    }
  });
});

describe('who builds on another parent shows a fork before any certificate of the height does', () => {
  /** Validator 3 has decided a block of height 1 that the others have not. */
  function apart() {
    const world = solo(3);
    const { network, hears } = world;
    const [a, b] = [blockBy(network, 0, 'a'), blockBy(network, 0, 'b')];
    hears(proposed(network, 0, 0, a), ...[0, 1, 2].map((i) => voted(vote(network, 'precommit', i, 0, a.id))));
    const votes = [0, 1, 2].map((i) => vote(network, 'precommit', i, 0, b.id));
    network
      .node(1)
      .finals.push({ block: b.block, certificate: { type: 'commit', height: 1, round: 0, value: b.id, votes } });
    const app = new HashApp(membershipOf(network.set));
    const config = {
      ...configOf(network.set, 1, app),
      tip: { ...configOf(network.set, 1, app).tip, height: 1, id: b.id },
    };
    const block = makeBlock(
      { config, electorates: electoratesOf(1, app.membership()), cutter: new BlockCutter(crypto) },
      config.tip,
      2_000,
    );
    network.filter = () => true;
    return { ...world, child: { block, id: blockId(crypto, block.header) } };
  }
  const stopped = (network: Network) => {
    network.run(3_000, () => network.node(3).halts.length > 0);
    const { halts, conflicts } = network.node(3);
    return { halts, conflicts };
  };
  const FORK = { halts: ['CONFLICTING_COMMITS'], conflicts: [{ first: { height: 1 }, second: { height: 1 } }] };

  test('in a range: the block before it is asked for', () => {
    const { network, hears, child } = apart();
    const certificate: Certificate = {
      type: 'commit',
      height: 2,
      round: 0,
      value: child.id,
      votes: [0, 1, 2].map((i) => ({
        ...signVote(network.set, { ...vote(network, 'precommit', i, 0, child.id), height: 2 }),
      })),
    };
    hears({
      type: 'blocks.synced',
      from: network.set[1]?.id ?? '',
      blocks: [{ block: child.block, certificate }],
      now_ms: 2_000,
    });
    expect(stopped(network)).toMatchObject(FORK);
  });

  test('in a block that this validator is brought with its commit: its signers are asked until one answers', () => {
    const { network, hears, child } = apart();
    const votes = [0, 1, 2].map((i) =>
      signVote(network.set, { ...vote(network, 'precommit', i, 0, child.id), height: 2 }),
    );
    const certificate: Certificate = { type: 'commit', height: 2, round: 0, value: child.id, votes };
    network.filter = () => network.now_ms > 2_000;
    hears({ type: 'certificate.received', certificate, block: child.block, now_ms: 2_000 });
    expect(network.node(3).halts).toEqual([]);
    expect(stopped(network)).toMatchObject(FORK);
  });

  test('in a proposal: its proposer is asked', () => {
    const { network, hears, child } = apart();
    const proposal = signProposal(network.set, {
      epoch: 0,
      height: 2,
      round: 0,
      value: child.id,
      valid_round: -1,
      validator: 1,
    });
    hears({ type: 'proposal.received', proposal, block: child.block, now_ms: 2_000 });
    expect(stopped(network)).toMatchObject(FORK);
  });
});

test('a validator that synced another block keeps the votes of the height that it had', () => {
  const { network, hears } = solo(3);
  const [a, b] = [blockBy(network, 0, 'a'), blockBy(network, 0, 'b')];
  const prevotes = [1, 2].map((i) => vote(network, 'prevote', i, 1, b.id));
  const commit = (round: number, value: string): Certificate => ({
    type: 'commit',
    height: 1,
    round,
    value,
    votes: [0, 1, 2].map((i) => vote(network, 'precommit', i, round, value)),
  });
  hears(...prevotes.map(voted), {
    type: 'blocks.synced',
    from: network.set[1]?.id ?? '',
    blocks: [{ block: a.block, certificate: commit(0, a.id) }],
    now_ms: 2_000,
  });
  expect(network.node(3).finals).toHaveLength(1);
  hears({ type: 'certificate.received', certificate: commit(1, b.id), now_ms: 2_000 });
  expect(network.node(3).conflicts).toMatchObject([
    { first: { value: a.id }, second: { value: b.id }, votes: prevotes },
  ]);
});
