// Two commits of one height, however the second comes: the validator stops, and hands over both.
import { expect, test } from 'vitest';
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
  hears({ type: 'blocks.synced', from: 1, blocks: range, now_ms: 1_000 });
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
