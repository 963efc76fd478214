// Bodies in parts: each part proves itself, a false one costs its sender, and what a certificate names always finds room.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BlockCutter } from '#machines/consensus/block-parts.ts';
import { blockId } from '#machines/consensus/block-rules.ts';
import { BodyAssembler, type BodyPlace } from '#machines/consensus/body-assembler.ts';
import { encodeHeader } from '#schemas/consensus/block-codec.ts';
import type { Block, BlockPart, Header } from '#schemas/consensus/types.ts';
import {
  BLOCK_PART_BYTES,
  MAX_BLOCK_BYTES,
  MAX_BLOCK_PARTS,
  MAX_OPEN_BODIES,
  MAX_ROUND_PROPOSALS,
  MAX_TX_BYTES,
} from '#schemas/wire/limits.ts';
import { CHAIN, crypto } from './network.ts';

const PART_BYTES = 16;
const cutter = new BlockCutter(crypto, PART_BYTES);
const ZERO = '0'.repeat(64);
const header = (change: Partial<Header>): Uint8Array =>
  encodeHeader({
    v: 1,
    chain: CHAIN,
    epoch: 0,
    height: 1,
    time_ms: 1,
    proposer: 0,
    previous: ZERO,
    txs_root: ZERO,
    parts_hash: ZERO,
    state_root: ZERO,
    validators_hash: ZERO,
    next_validators_hash: ZERO,
    beacon: new Uint8Array(0),
    ...change,
  });

const blockOf = (txs: readonly Uint8Array[], cut = cutter, time_ms = 1): Block => ({
  header: header({ time_ms, parts_hash: cut.partsHash(txs) }),
  txs,
});
const idOf = (block: Block): string => blockId(crypto, block.header);
const HERE: BodyPlace = { height: 1, round: 0 };
const nobody = (): boolean => false;

/** An assembler that expects this block. */
function expecting(block: Block): BodyAssembler {
  const assembler = new BodyAssembler(crypto);
  assembler.want(idOf(block), HERE, HERE, nobody);
  return assembler;
}
const text = (length: number, fill = 1): Uint8Array => new Uint8Array(length).fill(fill);
const LARGE = blockOf([text(20), text(9, 2), text(30, 3)]);
const PARTS = cutter.parts(LARGE);
const part = (i: number): BlockPart => PARTS[i] as BlockPart;

test('parts put together in any order, whoever sends them and however often, are the body', () => {
  const bodies = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 5 });
  fc.assert(
    fc.property(bodies, fc.array(fc.nat(), { maxLength: 40 }), (txs, order) => {
      const block = blockOf(txs);
      const parts = cutter.parts(block);
      const assembler = expecting(block);
      const shuffled = [...order.map((at) => parts[at % parts.length] as BlockPart), ...parts];
      const outcomes = shuffled.map((each, i) => assembler.add(`${i % 3}`, each));
      expect(outcomes.filter((outcome) => typeof outcome === 'object')).toEqual([block]);
      expect(assembler.block(idOf(block))).toEqual(block);
      expect(assembler.missing(idOf(block))).toEqual([]);
    }),
  );
});

test('the largest body has no more parts than a message may list', () => {
  const txs = Array.from({ length: 31 }, () => text(MAX_TX_BYTES));
  const rest = MAX_BLOCK_BYTES - 31 * (MAX_TX_BYTES + 4);
  const parts = new BlockCutter(crypto).parts(blockOf([...txs, text(rest - 4)], new BlockCutter(crypto)));
  expect(parts).toHaveLength(MAX_BLOCK_PARTS);
  expect(Math.max(...parts.map(({ bytes }) => bytes.length))).toBe(BLOCK_PART_BYTES);
});

describe('a false part is its sender’s fault, and does no harm', () => {
  const flipped = (each: BlockPart): BlockPart => ({ ...each, bytes: each.bytes.map((byte) => byte ^ 1) });
  test.each<[string, BlockPart]>([
    ['with other bytes', flipped(part(1))],
    ['in another’s place', { ...part(0), index: 1 }],
    ['with a list that is not the header’s', { ...part(1), part_hashes: part(1).part_hashes.toReversed() }],
    ['beyond the list', { ...part(0), index: PARTS.length }],
  ])('%s', (_, lie) => {
    const assembler = expecting(LARGE);
    expect(assembler.add('2', lie)).toBe('false');
    expect(assembler.trusts(idOf(LARGE), '2')).toBe(false);
    // Nothing of that sender is looked at any more; the others still bring the body.
    expect(assembler.add('2', part(0))).toBe('unwanted');
    const outcomes = PARTS.map((each) => assembler.add('1', each));
    expect(outcomes.at(-1)).toEqual(LARGE);
  });
});

test('parts of a header that no signed proposal and no certificate named are not kept', () => {
  const assembler = expecting(LARGE);
  const other = blockOf([text(50)]);
  for (const each of cutter.parts(other)) expect(assembler.add('0', each)).toBe('unwanted');
  expect(assembler.size).toEqual({ count: 1, bytes: 0 });
});

test('parts that make no body are the proposer’s fault: nobody is asked for them again', () => {
  const bytes = text(8, 255);
  const sealed = { header: header({ parts_hash: partsHashOf([bytes]) }), txs: [] };
  const assembler = expecting(sealed);
  const lie = { header: sealed.header, part_hashes: [crypto.sha256(bytes)], index: 0, bytes };
  expect(assembler.add('0', lie)).toBe('broken');
  expect(assembler.missing(idOf(sealed))).toEqual([]);
  expect(assembler.size.bytes).toBe(0);
});

const partsHashOf = (parts: readonly Uint8Array[]): string =>
  Buffer.from(crypto.sha256(Buffer.concat(parts.map((each) => crypto.sha256(each))))).toString('hex');

describe('room', () => {
  const value = (n: number): string => n.toString(16).padStart(64, '0');
  const at = { height: 5, round: 3 };

  test('an equivocating leader opens a few bodies a round, and the next leader finds room', () => {
    const assembler = new BodyAssembler(crypto);
    const opened = Array.from({ length: 20 }, (_, i) => assembler.want(value(i), at, at, nobody));
    expect(opened.filter(Boolean)).toHaveLength(MAX_ROUND_PROPOSALS);
    expect(assembler.want(value(99), { height: 5, round: 4 }, at, nobody)).toBe(true);
  });

  test('what is farthest from here makes room, what is to be voted on now stays', () => {
    const assembler = new BodyAssembler(crypto);
    for (let round = 4; round < 40; round++) assembler.want(value(round), { height: 5, round }, at, nobody);
    for (let round = 0; round < 9; round++) assembler.want(value(100 + round), { height: 6, round }, at, nobody);
    expect(assembler.size.count).toBe(MAX_OPEN_BODIES);
    expect(assembler.want(value(3), at, at, nobody)).toBe(true);
    expect(assembler.wanted(5).map(({ round }) => round)).toContain(3);
    expect(assembler.size.count).toBe(MAX_OPEN_BODIES);
  });

  test('what a certificate names is taken whatever is there, and never makes room', () => {
    const assembler = new BodyAssembler(crypto);
    const named = new Set([value(7), value(8)]);
    const isNamed = (each: string): boolean => named.has(each);
    expect(assembler.want(value(7), { height: 5, round: 0 }, at, isNamed)).toBe(true);
    for (let i = 20; i < 60; i++) assembler.want(value(i), { height: 5, round: i % 9 }, at, isNamed);
    expect(assembler.want(value(8), { height: 5, round: 1_000 }, at, isNamed)).toBe(true);
    const kept = assembler.wanted(5).map((each) => each.value);
    expect(kept).toEqual(expect.arrayContaining([...named]));
    expect(kept).toHaveLength(MAX_OPEN_BODIES + named.size);
  });

  test('a decided height takes its bodies with it', () => {
    const assembler = expecting(LARGE);
    assembler.add('0', part(0));
    assembler.settle(1);
    expect(assembler.size).toEqual({ count: 0, bytes: 0 });
  });
});

test('a body that fits one part travels with its proposal, a larger one apart; repeated it is only named', () => {
  const proposal = {
    epoch: 0,
    height: 1,
    round: 2,
    value: idOf(LARGE),
    valid_round: -1,
    validator: 0,
    signature: text(64),
  };
  const small = { type: 'proposal', proposal, block: blockOf([text(3)]) } as const;
  expect(cutter.pieces(small)).toEqual([small]);
  const large = { type: 'proposal', proposal, block: LARGE } as const;
  const named = { type: 'proposal', proposal };
  expect(cutter.pieces(large)).toEqual([named, ...PARTS.map((each) => ({ type: 'part', part: each }))]);
  expect(cutter.shortened(large)).toEqual(named);
  const again = { ...proposal, valid_round: 1 };
  expect(cutter.pieces({ ...large, proposal: again })).toEqual([{ type: 'proposal', proposal: again }]);
});
