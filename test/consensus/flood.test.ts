// Everything that one Byzantine of four can sign, thrown at a correct validator: what it holds stays within the table of bounds in
// docs/protocol/consensus.md, it goes on deciding with the others, and what a certificate names finds room.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BlockCutter } from '#machines/consensus/block-parts.ts';
import { blockId, txsRoot } from '#machines/consensus/block-rules.ts';
import { SOUND_PARTS } from '#machines/consensus/core.ts';
import type { Held } from '#machines/consensus/held.ts';
import { proposerOf } from '#machines/consensus/proposer.ts';
import type { Input } from '#machines/consensus/types.ts';
import { encodeHeader } from '#schemas/consensus/block-codec.ts';
import type { Block, Certificate } from '#schemas/consensus/types.ts';
import {
  MAX_EARLY_MESSAGES,
  MAX_FUTURE_ROUNDS,
  MAX_OPEN_BODIES,
  MAX_PAST_PROPOSAL_ROUNDS,
  MAX_PAST_ROUNDS,
  MAX_ROUND_NOTES,
  MAX_ROUND_PROPOSALS,
} from '#schemas/wire/limits.ts';
import { CHAIN, crypto, membershipOf, Network, signProposal, signVote } from './network.ts';

const VALIDATORS = 4;
const LIAR = 3;
const PART_BYTES = 16;
const cutter = new BlockCutter(crypto, PART_BYTES);
const network = (): Network => new Network(VALIDATORS, { parts: { ...SOUND_PARTS, part_bytes: PART_BYTES } }).start();

/** A block of the first height whose body takes `size` bytes. */
function blockOf(n: number, size: number, height = 1): Block {
  const txs = [new Uint8Array(size).fill(n + 1)];
  const roots = { txs_root: txsRoot(crypto, txs), parts_hash: cutter.partsHash(txs), state_root: '0'.repeat(64) };
  const fixed = { v: 1, chain: CHAIN, epoch: 0, proposer: LIAR, beacon: new Uint8Array(0) } as const;
  const zero = '0'.repeat(64);
  const links = { previous: zero, validators_hash: zero, next_validators_hash: zero };
  return { header: encodeHeader({ ...fixed, ...roots, ...links, height, time_ms: n + 1 }), txs };
}
const idOf = (block: Block): string => blockId(crypto, block.header);

const round = fc.oneof(fc.nat(3), fc.nat(200), fc.constantFrom(1_000, 2 ** 31));
const height = fc.constantFrom(1, 1, 1, 2, 3, 2 ** 40);
const value = fc.option(
  fc.nat(40).map((n) => n.toString(16).padStart(64, 'f')),
  { nil: null },
);

/** Votes of all kinds. */
const votes = (net: Network) =>
  fc
    .record({ height, round, value, vr: fc.integer({ min: -1, max: 200 }), isPrevote: fc.boolean() })
    .map((v): Input[] => {
      const { isPrevote, vr, ...at } = v;
      const valid_round = isPrevote && v.value !== null && vr < v.round ? vr : -1;
      const type = isPrevote ? 'prevote' : 'precommit';
      const vote = signVote(net.set, { ...at, type, epoch: 0, valid_round, validator: LIAR });
      return [{ type: 'vote.received', vote, now_ms: net.now_ms }];
    });

/** Proposals in each round that it leads: whole, or announced with some of their parts, true ones and false ones. */
const proposals = (net: Network) =>
  fc
    .record({ height: fc.constantFrom(1, 1, 2), round, n: fc.nat(200), size: fc.constantFrom(3, 60), kept: fc.nat(5) })
    .map(({ height: at, round: near, n, size, kept }): Input[] => {
      const led = near + ((LIAR - proposerOf(membershipOf(net.set), at, near) + VALIDATORS) % VALIDATORS);
      const block = blockOf(n, size, at);
      const statement = { epoch: 0, height: at, round: led, value: idOf(block), valid_round: -1, validator: LIAR };
      const proposal = signProposal(net.set, statement);
      const { now_ms } = net;
      if (size < PART_BYTES) return [{ type: 'proposal.received', proposal, block, now_ms }];
      const parts = cutter.parts(block).slice(0, kept);
      const lies = parts.slice(0, 1).map((part) => ({ ...part, bytes: part.bytes.map((byte) => byte ^ 1) }));
      return [
        { type: 'proposal.received', proposal, now_ms },
        ...[...parts, ...lies].map((part): Input => ({ type: 'part.received', from: `${LIAR}`, part, now_ms })),
      ];
    });

/** Positions that nobody has, and certificates with its own vote alone. */
const claims = (net: Network) =>
  fc.record({ height, round, value }).map(({ height: at, round: r, value: v }): Input[] => {
    const vote = {
      type: 'precommit',
      epoch: 0,
      height: at,
      round: r,
      value: v,
      valid_round: -1,
      validator: LIAR,
    } as const;
    const own = [signVote(net.set, vote)];
    const { now_ms } = net;
    return [
      {
        type: 'status.received',
        from: net.set[LIAR]?.id ?? '',
        status: { height: at, round: r, lowest_height: 1 },
        now_ms,
      },
      ...(['polka', 'commit', 'skip'] as const).map(
        (type): Input => ({
          type: 'certificate.received',
          certificate: { type, height: at, round: r, value: v, votes: own },
          block: blockOf(r % 100, 60),
          now_ms,
        }),
      ),
    ];
  });

const lies = (net: Network, count: number) =>
  fc.array(fc.oneof(votes(net), proposals(net), claims(net)), { minLength: count / 2, maxLength: count });

const VOTE_ROUNDS = MAX_PAST_ROUNDS + 1 + MAX_FUTURE_ROUNDS;
const PROPOSAL_ROUNDS = MAX_PAST_PROPOSAL_ROUNDS + 1 + MAX_FUTURE_ROUNDS;
/** The table of bounds, without what certificates name. */
const BOUNDS: Held = {
  rounds: VOTE_ROUNDS,
  votes: VOTE_ROUNDS * 2 * VALIDATORS,
  certificates: VOTE_ROUNDS * 4,
  proposals: PROPOSAL_ROUNDS * MAX_ROUND_PROPOSALS,
  bodies: PROPOSAL_ROUNDS * MAX_ROUND_PROPOSALS,
  bodies_bytes: PROPOSAL_ROUNDS * MAX_ROUND_PROPOSALS * 64,
  open_bodies: MAX_OPEN_BODIES,
  parts_bytes: MAX_OPEN_BODIES * 64,
  waiting_proposals: MAX_OPEN_BODIES * MAX_ROUND_PROPOSALS,
  early_messages: MAX_EARLY_MESSAGES * VALIDATORS,
  offences: VOTE_ROUNDS * 3 * VALIDATORS,
  timers: 12,
};
/** What stands above its bound. */
const excess = (held: Held): string[] =>
  (Object.keys(BOUNDS) as (keyof Held)[]).flatMap((what) =>
    held[what] > BOUNDS[what] ? [`${what} ${held[what]} > ${BOUNDS[what]}`] : [],
  );

test('whatever it signs, the others hold what the table allows, and decide', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const net = network();
      net.node(LIAR).isDown = true;
      const flood = (count: number): void => {
        for (const lie of fc.sample(lies(net, count), { seed, numRuns: 1 })[0] ?? [])
          for (const to of [0, 1, 2]) for (const input of lie) net.input(to, input);
        for (const { core } of net.nodes) expect(excess(core.held)).toEqual([]);
      };
      flood(600);
      net.submit('a transaction that is long enough for some parts');
      for (let i = 0; i < 8; i++) {
        net.run(net.now_ms + 150);
        flood(100);
      }
      net.run(net.now_ms + 60_000, () => [0, 1, 2].every((i) => net.node(i).core.tip.height >= 1));
      expect([0, 1, 2].map((i) => net.node(i).core.tip.height >= 1)).toEqual([true, true, true]);
      expect(net.nodes.flatMap(({ halts }) => halts)).toEqual([]);
    }),
    { numRuns: 12 },
  );
});

test('a flood that is repeated is not written down again', () => {
  const net = network();
  net.filter = () => false;
  const all = (fc.sample(lies(net, 3_000), { seed: 1, numRuns: 1 })[0] ?? []).flat();
  for (const input of all) net.input(0, input);
  const first = net.node(0).log.length;
  for (let again = 0; again < 3; again++) for (const input of all) net.input(0, input);
  expect(first).toBeLessThan(BOUNDS.votes + BOUNDS.proposals + MAX_ROUND_NOTES + BOUNDS.offences);
  expect(net.node(0).log.length - first).toBeLessThanOrEqual(MAX_ROUND_NOTES);
});

/** Validators 0, 1 and the liar commit to the block in round 0, for all that this node knows. */
function commitTo(net: Network, id: string): Certificate {
  const statement = { type: 'precommit', epoch: 0, height: 1, round: 0, value: id, valid_round: -1 } as const;
  const signed = [0, 1, LIAR].map((validator) => signVote(net.set, { ...statement, validator }));
  return { type: 'commit', height: 1, round: 0, value: id, votes: signed };
}

/** A valid block by the first leader, in parts. */
function honestBlock(net: Network): Block {
  const leader = new Network(VALIDATORS, { parts: { ...SOUND_PARTS, part_bytes: PART_BYTES } });
  leader.filter = () => false;
  leader.node(0).app.pool = [new Uint8Array(60).fill(7)];
  leader.now_ms = net.now_ms;
  leader.start();
  const proposed = leader.node(0).log.find((input) => input.type === 'proposal.received');
  if (proposed?.type !== 'proposal.received' || proposed.block === undefined) throw new Error('nothing was proposed');
  return proposed.block;
}

test.each(['before', 'after'])('the block of a commit certificate finds room that a flood took %s it', (when) => {
  const net = network();
  net.filter = () => false;
  const { now_ms } = net;
  const flood = (): void => {
    for (const lie of fc.sample(lies(net, 2_000), { seed: 2, numRuns: 1 })[0] ?? [])
      for (const input of lie) net.input(2, input);
  };
  const block = honestBlock(net);
  if (when === 'before') flood();
  net.input(2, { type: 'certificate.received', certificate: commitTo(net, idOf(block)), now_ms });
  net.run(now_ms + 550);
  if (when === 'after') flood();
  for (const part of cutter.parts(block)) net.input(2, { type: 'part.received', from: '1', part, now_ms: net.now_ms });
  expect(net.node(2).core.tip).toMatchObject({ height: 1, id: idOf(block) });
});

test('a false block on a true certificate is neither kept nor written down, however often it is told', () => {
  const net = network();
  net.filter = () => false;
  const { now_ms } = net;
  const certificate = commitTo(net, 'ab'.repeat(32));
  net.input(2, { type: 'certificate.received', certificate, now_ms });
  const before = net.node(2).log.length;
  for (let i = 0; i < 20; i++)
    net.input(2, { type: 'certificate.received', certificate, block: blockOf(i, 3), now_ms });
  expect(net.node(2).log.length).toBe(before);
  expect(net.node(2).core.held.bodies).toBe(0);
});
