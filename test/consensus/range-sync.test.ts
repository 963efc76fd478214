// Block sync from several peers: what liars among them cost, and what is checked of what comes.
import { describe, expect, test } from 'vitest';
import { blockId } from '#machines/consensus/block-rules.ts';
import { CatchUp } from '#machines/consensus/catch-up.ts';
import { electorateOf } from '#machines/consensus/electorate.ts';
import { isProvenBy, linkedHeaders, RangeSync } from '#machines/consensus/range-sync.ts';
import { encodeHeader } from '#schemas/consensus/block-codec.ts';
import type { Certificate, FinalBlock, Header } from '#schemas/consensus/types.ts';
import { MAX_SYNC_BLOCKS, MAX_SYNC_RANGES } from '#schemas/wire/limits.ts';
import { CHAIN, crypto, membershipOf, Network, signVote, validatorSet } from './network.ts';

const SET = validatorSet(7);
const LAGGING = 6;

const headerAt = (height: number, previous: string): Header => ({
  v: 1,
  chain: CHAIN,
  epoch: 0,
  height,
  time_ms: height,
  proposer: 0,
  previous,
  txs_root: Buffer.from(crypto.sha256(new Uint8Array())).toString('hex'),
  parts_hash: '0'.repeat(64),
  state_root: '0'.repeat(64),
  beacon: new Uint8Array(0),
  validators_hash: '0'.repeat(64),
  next_validators_hash: '0'.repeat(64),
});

function certify(height: number, value: string, voters = [0, 1, 2, 3, 4]): Certificate {
  const votes = voters.map((validator) =>
    signVote(SET, { type: 'precommit', epoch: 0, height, round: 0, value, valid_round: -1, validator }),
  );
  return { type: 'commit', height, round: 0, value, votes };
}

/** Certified empty blocks from 1 on. */
function chainOf(count: number): FinalBlock[] {
  const blocks: FinalBlock[] = [];
  let previous = '0'.repeat(64);
  for (let height = 1; height <= count; height++) {
    const header = encodeHeader(headerAt(height, previous));
    previous = blockId(crypto, header);
    blocks.push({ block: { header, txs: [] }, certificate: certify(height, previous) });
  }
  return blocks;
}

/** A certificate like it, with signatures of nobody. */
const unsigned = ({ certificate, block }: FinalBlock): FinalBlock => ({
  block,
  certificate: {
    ...certificate,
    votes: certificate.votes.map((vote) => ({ ...vote, signature: new Uint8Array(64) })),
  },
});
const withBody = ({ certificate, block }: FinalBlock): FinalBlock => ({
  certificate,
  block: { ...block, txs: [Uint8Array.of(1)] },
});

describe('with a third of the peers lying in one way, a validator that was cut off gets everything', () => {
  const HEIGHTS = 300;
  /** What a liar makes of the blocks that it was asked for. */
  const LIES: Record<string, (blocks: readonly FinalBlock[]) => readonly FinalBlock[] | undefined> = {
    'a block with another body': (blocks) => blocks.map((final, i) => (i === 1 ? withBody(final) : final)),
    'a block left out, so that the links break': (blocks) => blocks.toSpliced(1, 1),
    'a certificate that nobody signed': (blocks) => [...blocks.slice(0, -1), ...blocks.slice(-1).map(unsigned)],
    'one block instead of all': (blocks) => blocks.slice(0, 1),
    'blocks in another order': (blocks) => blocks.toReversed(),
    'other blocks than asked for': (blocks) => blocks.slice(7),
    'far more than was asked for': (blocks) => [...blocks, ...blocks, ...blocks],
    nothing: () => [],
    silence: () => undefined,
  };
  test.each(Object.entries(LIES))('%s', (_name, lie) => {
    const network = new Network(7).start();
    network.filter = (from, to) => from !== LAGGING && to !== LAGGING;
    for (let i = 0; i < HEIGHTS; i++) {
      network.submit(`tx ${i}`);
      network.run(network.now_ms + 2_000, () => network.node(0).finals.length > i);
    }
    expect(network.node(LAGGING).finals).toEqual([]);
    const asked = new Map<number, number>();
    network.answer = (from, blocks) => {
      asked.set(from, (asked.get(from) ?? 0) + 1);
      return from < 2 ? lie(blocks) : blocks;
    };
    network.filter = () => true;
    const began_ms = network.now_ms;
    network.run(began_ms + 20_000, () => network.node(LAGGING).finals.length >= HEIGHTS);
    expect(network.node(LAGGING).app.root).toBe(network.node(0).app.root);
    expect(network.now_ms - began_ms).toBeLessThan(5_000);
    expect(asked.size).toBeGreaterThan(2);
    expect(network.node(LAGGING).refusals.every((code) => code === 'RANGE_INVALID')).toBe(true);
    expect(network.node(LAGGING).halts).toEqual([]);
  });
});

describe('a range', () => {
  function check(blocks: readonly FinalBlock[]) {
    let verified = 0;
    const counted = {
      ...crypto,
      verify: (...args: Parameters<typeof crypto.verify>) => {
        verified++;
        return crypto.verify(...args);
      },
    };
    const headers = linkedHeaders(counted, blocks);
    const isProven = headers && isProvenBy(electorateOf(CHAIN, membershipOf(SET), counted), { blocks });
    return { heights: isProven ? headers.map(({ height }) => height) : undefined, verified };
  }
  const chain = chainOf(MAX_SYNC_BLOCKS);
  const [first, second] = chain as [FinalBlock, FinalBlock];

  test('costs the signatures of one certificate, however long it is', () => {
    const { heights, verified } = check(chain);
    expect(heights).toEqual(Array.from({ length: MAX_SYNC_BLOCKS }, (_, i) => i + 1));
    expect(verified).toBe(5);
  });

  const BROKEN: Record<string, readonly FinalBlock[]> = {
    'is empty': [],
    'ends with a certificate that nobody signed': [first, unsigned(second)],
    'ends with too few votes': [
      first,
      { ...second, certificate: certify(2, second.certificate.value ?? '', [0, 1, 2, 3]) },
    ],
    'has too few votes within': [
      { ...first, certificate: certify(1, first.certificate.value ?? '', [0, 1, 2, 3]) },
      second,
    ],
    'has the certificate of another block within': [{ ...first, certificate: second.certificate }, second],
    'has a body that is not the header’s': [withBody(first), second],
    'has a gap': [first, chain[2] as FinalBlock],
    'goes backwards': [second, first],
    'says a block twice': [first, first],
  };
  test.each(Object.entries(BROKEN))('that %s is none', (_name, blocks) => {
    expect(check(blocks).heights).toBeUndefined();
  });
});

describe('requests', () => {
  const PATIENCE_MS = 500;
  function syncing(heights: readonly number[]) {
    const sources = new CatchUp('0');
    for (const [peer, height] of heights.entries()) sources.sawHeight(`${peer}`, height);
    return { sources, ranges: new RangeSync(sources) };
  }

  test('go to every peer that claims blocks at once, one range to each, side by side', () => {
    const { ranges } = syncing([0, 1_001, 1_001, 1_001]);
    const asked = ranges.plan(1, 0, PATIENCE_MS);
    expect(new Set(asked.map(({ peer }) => peer))).toEqual(new Set(['1', '2', '3']));
    expect(asked.map(({ first_height }) => first_height)).toEqual([1, 65, 129]);
    expect(ranges.plan(1, PATIENCE_MS - 1, PATIENCE_MS)).toEqual([]);
  });

  test('are no more than the limit, however many peers there are', () => {
    const { ranges } = syncing(Array.from({ length: 31 }, () => 100_000));
    expect(ranges.plan(1, 0, PATIENCE_MS).length).toBe(MAX_SYNC_RANGES);
  });

  test('that nobody answered go to others', () => {
    const { sources, ranges } = syncing([0, 65, 0, 0]);
    expect(ranges.plan(1, 0, PATIENCE_MS)).toEqual([{ peer: '1', first_height: 1, last_height: 64 }]);
    sources.sawHeight('2', 65);
    expect(ranges.plan(1, PATIENCE_MS, PATIENCE_MS)).toEqual([{ peer: '2', first_height: 1, last_height: 64 }]);
  });

  test('pass by peers that do not hold blocks so low, and those that failed while others claim the same', () => {
    const { sources, ranges } = syncing([0, 65, 65, 65]);
    sources.sawLowest('1', 30);
    ranges.failed('2');
    sources.sawHeight('2', 65);
    expect(ranges.plan(1, 0, PATIENCE_MS)).toEqual([{ peer: '3', first_height: 1, last_height: 64 }]);
  });

  test('what came before its turn is kept, what nobody asked for is not', () => {
    const { ranges } = syncing([0, 129, 129, 0]);
    const chain = chainOf(200);
    const run = (first: number, last: number) => {
      const blocks = chain.slice(first - 1, last);
      const headers = blocks.map((_, i) => headerAt(first + i, ''));
      return { from: '1', blocks, headers, proven_count: blocks.length };
    };
    ranges.plan(1, 0, PATIENCE_MS);
    ranges.keep(run(65, 100), 1);
    ranges.keep(run(130, 140), 1);
    expect(ranges.take(1)).toBeUndefined();
    expect(ranges.take(130)).toBeUndefined();
    ranges.keep(run(1, 64), 1);
    expect(ranges.take(1)?.headers.length).toBe(64);
    expect(
      ranges
        .take(70)
        ?.headers.map(({ height }) => height)
        .slice(0, 2),
    ).toEqual([70, 71]);
    expect(ranges.plan(101, 0, PATIENCE_MS).map(({ first_height }) => first_height)).toEqual([101]);
  });
});
