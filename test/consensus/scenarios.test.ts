// Directed scenarios of Tendermint's hard corners, over whole cores. Validators are 0–3; height 1 is led by 0, 1, 2 … in rounds 0, 1, 2 …
import { describe, expect, test } from 'vitest';
import { blockId } from '#machines/consensus/block-rules.ts';
import type { Input } from '#machines/consensus/types.ts';
import { decodeHeader, encodeHeader } from '#schemas/consensus/block-codec.ts';
import type { Block, Header, SignedVote } from '#schemas/consensus/types.ts';
import { MAX_CLOCK_DRIFT_MS } from '#schemas/wire/limits.ts';
import { crypto, Network } from './network.ts';
import { blockBy, proposed, solo, vote, voted } from './solo.ts';

const finals = (network: Network): (string | null | undefined)[] =>
  network.nodes.map((node) => node.finals[0]?.certificate.value);

test('hidden lock: one validator locks alone, the others decide something else, and it follows', () => {
  const network = new Network(4);
  network.filter = (from, to, input) => {
    if (input.type === 'proposal.received' && input.proposal.round === 0) return to !== 2;
    if (input.type === 'vote.received' && input.vote.round === 0 && input.vote.type === 'prevote') return from !== 3;
    return input.type !== 'certificate.received';
  };
  network.start().submit('a');
  network.run(1_800);
  const [first, second] = [
    network.node(3).votes.filter((v) => v.type === 'precommit')[0],
    network.node(0).votes.filter((v) => v.type === 'precommit')[0],
  ];
  expect([first?.value === null, second?.value]).toEqual([false, null]); // 3 locked in round 0, 0 did not
  const decided = finals(network);
  expect(new Set(decided).size).toBe(1);
  expect(decided[0]).not.toBe(first?.value);
  expect(network.nodes.flatMap((node) => [...node.halts, ...node.evidence])).toEqual([]);
});

test('locked on A, a validator prevotes nil on a fresh B, and B again only with a later polka', () => {
  const { network, said, hears } = solo(3);
  const [a, b] = [blockBy(network, 0, 'a'), blockBy(network, 1, 'b')];
  hears(proposed(network, 0, 0, a), ...[0, 1].map((i) => voted(vote(network, 'prevote', i, 0, a.id))));
  expect(said()).toEqual([`prevote 0 ${a.id.slice(0, 4)} vr -1`, `precommit 0 ${a.id.slice(0, 4)} vr -1`]);
  hears(...[0, 1].map((i) => voted(vote(network, 'precommit', i, 1, null))), proposed(network, 1, 1, b));
  expect(said().at(-1)).toBe('prevote 1 nil vr -1');
  const polka = {
    type: 'polka',
    height: 1,
    round: 1,
    value: b.id,
    votes: [0, 1, 2].map((i) => vote(network, 'prevote', i, 1, b.id)),
  } as const;
  hears({ type: 'certificate.received', certificate: polka, now_ms: 1_000 });
  expect(said().at(-1)).toBe(`precommit 1 ${b.id.slice(0, 4)} vr -1`);
});

test('a nil polka keeps the lock', () => {
  const { network, said, hears } = solo(3);
  const [a, b] = [blockBy(network, 0, 'a'), blockBy(network, 2, 'b')];
  hears(proposed(network, 0, 0, a), ...[0, 1].map((i) => voted(vote(network, 'prevote', i, 0, a.id)))); // locks a
  hears(...[0, 1, 2].map((i) => voted(vote(network, 'precommit', i, 0, null)))); // fast path to round 1
  hears(
    { type: 'timer.fired', id: 'propose/1/1', now_ms: 2_000 },
    ...[0, 1].map((i) => voted(vote(network, 'prevote', i, 1, null))),
  );
  expect(said().at(-1)).toBe('precommit 1 nil vr -1');
  hears(...[0, 1].map((i) => voted(vote(network, 'precommit', i, 1, null))), proposed(network, 2, 2, b));
  expect(said().at(-1)).toBe('prevote 2 nil vr -1');
});

test('a decision of a past round still counts', () => {
  const { network, hears } = solo(3);
  const a = blockBy(network, 0, 'a');
  hears(proposed(network, 0, 0, a), voted(vote(network, 'precommit', 0, 0, a.id)));
  hears(...[1, 2].map((i) => voted(vote(network, 'prevote', i, 4, null))));
  expect(network.node(3).core.position.round).toBe(4);
  hears(...[1, 2].map((i) => voted(vote(network, 'precommit', i, 0, a.id))));
  expect(network.node(3).finals.map((final) => [final.certificate.round, final.certificate.value])).toEqual([
    [0, a.id],
  ]);
});

test('more than a third in a later round, however late, takes a validator there; a third does not', () => {
  const { network, hears } = solo(3);
  hears(voted(vote(network, 'prevote', 0, 70, null)));
  expect(network.node(3).core.position.round).toBe(0); // a peer's vote begins the height, no more
  hears(voted(vote(network, 'precommit', 1, 90, null)));
  expect(network.node(3).core.position.round).toBe(70);
});

test('nil precommits of a quorum end the round at once', () => {
  const { network, hears } = solo(3);
  hears(...[0, 1, 2].map((i) => voted(vote(network, 'precommit', i, 0, null))));
  expect(network.node(3).core.position.round).toBe(1);
});

test('equivocating leader: two proposals in a round strand nobody, and name it', () => {
  const network = new Network(4).start();
  const [a, b] = [blockBy(network, 0, 'a'), blockBy(network, 0, 'b')];
  network.node(0).isDown = true;
  network.input(1, proposed(network, 0, 0, a));
  for (const i of [2, 3]) network.input(i, proposed(network, 0, 0, b));
  network.input(1, proposed(network, 0, 0, b));
  for (const i of [2, 3]) network.input(i, proposed(network, 0, 0, a));
  for (const i of [1, 2, 3]) network.input(i, voted(vote(network, 'prevote', 0, 0, b.id)));
  network.run(1_100);
  expect(finals(network).slice(1)).toEqual([b.id, b.id, b.id]);
  for (const i of [1, 2, 3])
    expect(network.node(i).evidence).toMatchObject([{ type: 'double_proposal', a: { validator: 0 } }]);
});

test('a fifth proposal of a round is refused, unless a certificate names it', () => {
  const { network, hears } = solo(3);
  const blocks = ['a', 'b', 'c', 'd', 'e', 'f'].map((text) => blockBy(network, 0, text));
  for (const block of blocks.slice(0, 5)) hears(proposed(network, 0, 0, block));
  expect(network.node(3).refusals).toEqual(['PROPOSALS_FULL']);
  const last = blocks[5] as { block: Block; id: string };
  const votes = [0, 1, 2].map((i) => vote(network, 'precommit', i, 0, last.id));
  hears({
    type: 'certificate.received',
    certificate: { type: 'commit', height: 1, round: 0, value: last.id, votes },
    now_ms: 1_000,
  });
  hears(proposed(network, 0, 0, last));
  expect(network.node(3).finals[0]?.certificate.value).toBe(last.id);
});

test('a second vote in the same round becomes evidence, once, and is not counted', () => {
  const { network, hears } = solo(3);
  const a = blockBy(network, 0, 'a');
  hears(
    voted(vote(network, 'precommit', 0, 0, null)),
    voted(vote(network, 'precommit', 0, 0, a.id)),
    voted(vote(network, 'precommit', 0, 0, a.id)),
  );
  expect(network.node(3).evidence).toMatchObject([{ type: 'double_vote', a: { value: null }, b: { value: a.id } }]);
  hears(...[1, 2].map((i) => voted(vote(network, 'precommit', i, 0, a.id))), proposed(network, 0, 0, a));
  expect(network.node(3).finals).toEqual([]);
});

test('a vote that repeats a quorum is neither verified nor logged; beside another one of its voter it is evidence', () => {
  const { network, hears } = solo(3);
  const node = network.node(3);
  const a = blockBy(network, 0, 'a');
  hears(proposed(network, 0, 0, a), ...[0, 1].map((i) => voted(vote(network, 'prevote', i, 0, a.id))));
  const logged = node.log.length;
  hears(voted({ ...vote(network, 'prevote', 2, 0, a.id), signature: new Uint8Array(64) }));
  expect([node.refusals, node.log.length]).toEqual([[], logged]);
  hears(voted(vote(network, 'prevote', 2, 0, null)), voted(vote(network, 'prevote', 2, 0, a.id)));
  expect(node.evidence).toMatchObject([{ type: 'double_vote', a: { value: null }, b: { value: a.id } }]);
});

test.each([
  ['lock first', (lock: Input, prevote: Input) => [lock, prevote]],
  ['prevote first', (lock: Input, prevote: Input) => [prevote, lock]],
] as const)('who prevotes another block than its lock and cites no polka is named as it happens: %s', (_, inOrder) => {
  const { network, hears } = solo(3);
  const node = network.node(3);
  const [a, b] = ['a', 'b'].map((text) => blockBy(network, 0, text).id) as [string, string];
  const [lock, prevote] = [vote(network, 'precommit', 1, 0, a), vote(network, 'prevote', 1, 2, b)];
  hears(...inOrder(voted(lock), voted(prevote)), voted(vote(network, 'prevote', 1, 3, b)));
  expect(node.evidence).toEqual([{ type: 'amnesia', a: lock, b: prevote }]);
  expect(network.replayed(3).core.stateDigest()).toBe(node.core.stateDigest());
});

test('a quorum hides no amnesia: votes of later rounds are looked at although they decide nothing', () => {
  const { network, hears } = solo(3);
  const [a, b] = ['a', 'b'].map((text) => blockBy(network, 0, text).id) as [string, string];
  const [first, second, late] = [0, 2, 1].map((i) => vote(network, 'prevote', i, 1, b)) as [
    SignedVote,
    SignedVote,
    SignedVote,
  ];
  const own = vote(network, 'prevote', 3, 1, b);
  hears(voted(vote(network, 'precommit', 1, 0, a)), ...[first, second, own].map(voted), voted(late));
  expect(network.node(3).evidence).toMatchObject([{ type: 'amnesia', b: { validator: 1 } }]);
});

test('votes inside a certificate name their authors too', () => {
  const { network, hears } = solo(3);
  const [a, b] = ['a', 'b'].map((text) => blockBy(network, 0, text).id) as [string, string];
  hears(voted(vote(network, 'precommit', 1, 0, a)));
  const votes = [0, 1, 2].map((i) => vote(network, 'prevote', i, 1, b));
  const polka = { type: 'polka', height: 1, round: 1, value: b, votes } as const;
  hears({ type: 'certificate.received', certificate: polka, now_ms: 1_000 });
  expect(network.node(3).evidence).toMatchObject([{ type: 'amnesia', a: { value: a }, b: { value: b, validator: 1 } }]);
});

test('the own vote is logged though a quorum said the same before', () => {
  const { network, hears } = solo(3);
  const a = blockBy(network, 0, 'a');
  hears(...[0, 1, 2].map((i) => voted(vote(network, 'prevote', i, 0, a.id))), proposed(network, 0, 0, a));
  const own = network.node(3).log.flatMap((input) => (input.type === 'vote.received' ? [input.vote] : []));
  expect(own.filter(({ validator }) => validator === 3).map(({ type }) => type)).toEqual(['prevote', 'precommit']);
});

test('work is awaited until there is a reason to begin', () => {
  const network = new Network(4);
  network.filter = () => false;
  const { core } = network.node(3);
  network.input(3, { type: 'started', now_ms: 1_000 });
  expect(core.awaitsWork).toBe(true);
  network.input(3, { type: 'work.arrived', now_ms: 1_000 });
  expect(core.awaitsWork).toBe(false);
});

test('a certificate brings the quorum that an equivocator hid', () => {
  const { network, hears } = solo(3);
  const a = blockBy(network, 0, 'a');
  hears(proposed(network, 0, 0, a), voted(vote(network, 'precommit', 0, 0, null)));
  const votes = [0, 1, 2].map((i) => vote(network, 'precommit', i, 0, a.id));
  hears({
    type: 'certificate.received',
    certificate: { type: 'commit', height: 1, round: 0, value: a.id, votes },
    now_ms: 1_000,
  });
  expect(network.node(3).finals[0]?.certificate.value).toBe(a.id);
});

describe('the leader dies', () => {
  test('the next one takes over after one propose timeout', () => {
    const network = new Network(4).start();
    network.node(0).isDown = true;
    network.submit('a');
    network.run(3_000, () => network.nodes.slice(1).every((node) => node.finals.length === 1));
    expect(network.now_ms).toBeLessThanOrEqual(1_000 + 400 + 10);
    expect(network.node(1).finals[0]?.certificate.round).toBe(1);
  });
});

test('two of four validators stopping halts the chain and loses nothing', () => {
  const network = new Network(4).start();
  network.submit('a');
  network.run(1_100);
  for (const i of [2, 3]) network.node(i).isDown = true;
  network.submit('b');
  network.run(20_000);
  expect(network.nodes.map((node) => node.finals.length)).toEqual([1, 1, 1, 1]);
  for (const i of [2, 3]) {
    network.node(i).isDown = false;
    network.restart(i);
  }
  network.run(60_000, () => network.nodes.every((node) => node.finals.length >= 2));
  expect(new Set(network.nodes.map((node) => node.finals[1]?.certificate.value)).size).toBe(1);
  expect(network.nodes.flatMap((node) => [...node.halts, ...node.evidence])).toEqual([]);
});

describe('pace', () => {
  test('without work no propose timeout runs and no vote is cast until the idle interval ends', () => {
    const network = new Network(4).start();
    network.run(5_900);
    expect(network.nodes.flatMap((node) => node.votes)).toEqual([]);
    network.run(6_100);
    expect(network.nodes.map((node) => [node.finals.length, node.finals[0]?.certificate.round])).toEqual(
      Array(4).fill([1, 0]),
    );
  });

  test('work that only one validator knows still starts the height everywhere', () => {
    const network = new Network(4).start();
    network.node(2).app.pool.push(Uint8Array.of(1));
    network.input(2, { type: 'work.arrived', now_ms: network.now_ms });
    network.run(3_000);
    expect(network.nodes.every((node) => node.finals.length >= 1)).toBe(true);
  });
});

describe('blocks', () => {
  const BROKEN: Record<string, Partial<Header>> = {
    'of a time that does not rise': { time_ms: 0 },
    'of a time too far ahead': { time_ms: 1_000 + MAX_CLOCK_DRIFT_MS + 1 },
    'on another block': { previous: '1'.repeat(64) },
    'on another state': { state_root: '1'.repeat(64) },
    'of another chain': { chain: 'd'.repeat(64) },
    'of another epoch': { epoch: 1 },
    'of another validator set': { validators_hash: '1'.repeat(64) },
    'by nobody': { proposer: 4 },
    'with a beacon where there is none yet': { beacon: new Uint8Array(96) },
  };
  test.each(Object.entries(BROKEN))('%s get a nil prevote', (_, change) => {
    const { network, said, hears } = solo(3);
    const { block } = blockBy(network, 0, 'a');
    const decoded = decodeHeader(block.header);
    if (!decoded.ok) throw new Error(decoded.code);
    const header = encodeHeader({ ...decoded.value, ...change });
    hears(proposed(network, 0, 0, { block: { ...block, header }, id: blockId(crypto, header) }));
    expect(said()).toEqual(['prevote 0 nil vr -1']);
  });

  test('a body that is not the header’s is refused and does not stand in the way of the right one', () => {
    const { network, said, hears } = solo(3);
    const a = blockBy(network, 0, 'a');
    hears(proposed(network, 0, 0, { ...a, block: { header: a.block.header, txs: [Uint8Array.of(9)] } }));
    expect(network.node(3).refusals).toEqual(['BLOCK_INVALID']);
    hears(proposed(network, 0, 0, a));
    expect(said()).toEqual([`prevote 0 ${a.id.slice(0, 4)} vr -1`]);
  });
});

describe('block sync', () => {
  test('a validator that was cut off asks for what it missed and executes it', () => {
    const network = new Network(4).start();
    network.filter = (from, to) => from !== 3 && to !== 3;
    for (let i = 0; i < 70; i++) {
      network.submit(`tx ${i}`);
      network.run(network.now_ms + 20);
    }
    expect(network.node(3).finals).toEqual([]);
    network.filter = () => true;
    network.run(network.now_ms + 5_000, () => network.node(3).finals.length >= 70);
    expect(network.node(3).app.root).toBe(network.node(0).app.root);
  });

  test('a range with a block that is not certified is refused whole, and its sender is not asked again', () => {
    const network = new Network(4).start();
    network.filter = (from, to) => from !== 3 && to !== 3;
    for (let i = 0; i < 3; i++) {
      network.submit(`tx ${i}`);
      network.run(network.now_ms + 20);
    }
    const [first, second, third] = network.node(0).finals;
    if (first === undefined || second === undefined || third === undefined)
      throw new Error('three heights were decided');
    const forged = { ...second, certificate: { ...second.certificate, votes: second.certificate.votes.slice(1) } };
    const from = network.set[1]?.id ?? '';
    network.input(3, { type: 'blocks.synced', from, blocks: [first, forged, third], now_ms: network.now_ms });
    expect(network.node(3).refusals).toEqual(['RANGE_INVALID']);
    expect(network.node(3).finals).toEqual([]);
  });
});

describe('replay', () => {
  test.each([1, 2, 3, 4, 5])('the log of a height gives the state back, byte for byte (seed %i)', (seed) => {
    const network = new Network(4);
    let random = seed * 7_919;
    network.filter = () => (random = (random * 1_103_515_245 + 12_345) % 2 ** 31) % 100 >= 25;
    network.start();
    for (let step = 0; step < 60; step++) {
      if (step % 5 === 0) network.submit(`tx ${step}`);
      network.run(network.now_ms + 150);
      for (const [i, node] of network.nodes.entries()) {
        expect(network.replayed(i).core.stateDigest()).toBe(node.core.stateDigest());
      }
    }
    expect(Math.max(...network.nodes.map((node) => node.finals.length))).toBeGreaterThan(1);
  });
});
