// Bytes of consensus: golden layouts, decode∘encode is identity, and no input crashes a decoder.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { beaconMessage } from '#schemas/consensus/beacon.ts';
import { decodeHeader, encodeHeader } from '#schemas/consensus/block-codec.ts';
import { encodeEvidence } from '#schemas/consensus/evidence-codec.ts';
import { decodeMembership, encodeMembership } from '#schemas/consensus/membership-codec.ts';
import {
  type ConsensusMessage,
  decodeConsensusMessage,
  decodeFinalBlock,
  encodeConsensusMessage,
  encodeFinalBlock,
} from '#schemas/consensus/message-codec.ts';
import { positionSignBytes, type SignedPosition } from '#schemas/consensus/position.ts';
import type {
  Block,
  BlockPart,
  Certificate,
  Header,
  Membership,
  SignedProposal,
  SignedVote,
} from '#schemas/consensus/types.ts';
import { proposalSignBytes, SIGN_BYTES, voteSignBytes } from '#schemas/consensus/vote-codec.ts';
import { MAX_MESSAGE_BYTES } from '#schemas/wire/limits.ts';
import { CHAIN, membershipOf, validatorSet } from './network.ts';

const GOLDEN = JSON.parse(
  readFileSync(new URL('../golden/consensus/bytes-v1.json', import.meta.url), 'utf8'),
) as Record<string, string>;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const vote: SignedVote = {
  type: 'prevote',
  epoch: 1,
  height: 2 ** 40 + 2,
  round: 3,
  value: 'ab'.repeat(32),
  valid_round: 2,
  validator: 258,
  signature: new Uint8Array(64).fill(7),
};
const nil: SignedVote = { ...vote, type: 'precommit', value: null, valid_round: -1 };
const proposal: SignedProposal = {
  epoch: 1,
  height: 5,
  round: 3,
  value: 'cd'.repeat(32),
  valid_round: -1,
  validator: 3,
  signature: new Uint8Array(64).fill(9),
};
const header: Header = {
  v: 1,
  chain: CHAIN,
  epoch: 0,
  height: 5,
  time_ms: 1_700_000_000_123,
  proposer: 3,
  previous: '11'.repeat(32),
  txs_root: '22'.repeat(32),
  parts_hash: '66'.repeat(32),
  state_root: '33'.repeat(32),
  beacon: new Uint8Array(96).fill(4),
  validators_hash: '55'.repeat(32),
  next_validators_hash: '66'.repeat(32),
};
/** Seats 1 and 2, with a key. */
const membership: Membership = {
  ...membershipOf(
    validatorSet(2).map((v, i) => ({ ...v, power: i + 1, beacon_shares: Array(i + 1).fill(`0${i}`.repeat(48)) })),
  ),
  beacon_key: '09'.repeat(48),
};
const block: Block = { header: encodeHeader(header), txs: [Uint8Array.of(1, 2, 3), new Uint8Array(0)] };
const part: BlockPart = {
  header: block.header,
  part_hashes: [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)],
  index: 1,
  bytes: Uint8Array.of(5, 6, 7),
};
const polka: Certificate = {
  type: 'polka',
  height: vote.height,
  round: 3,
  value: vote.value,
  votes: [vote, { ...vote, validator: 1 }],
};

const position: SignedPosition = {
  epoch: 1,
  height: 9,
  round: 2,
  validator: 'ef'.repeat(32),
  nonce: new Uint8Array(32).fill(5),
  signature: new Uint8Array(64).fill(8),
};

const MESSAGES: Record<string, ConsensusMessage> = {
  vote: { type: 'vote', vote },
  nil: { type: 'vote', vote: nil },
  proposal: { type: 'proposal', proposal, block },
  announced: { type: 'proposal', proposal },
  part: { type: 'part', part },
  part_request: { type: 'part.request', height: 5, value: 'cd'.repeat(32), index: 3 },
  slice: { type: 'range.slice', offset_bytes: 7, total_bytes: 10, bytes: Uint8Array.of(1, 2, 3) },
  repeated: { type: 'proposal', proposal: { ...proposal, valid_round: 1 }, polka, block },
  certificate: { type: 'certificate', certificate: polka },
  certificate_block: { type: 'certificate', certificate: polka, block },
  status: { type: 'status', from: '77'.repeat(32), height: 9, round: 1, lowest_height: 1 },
  partial: {
    type: 'beacon.partial',
    epoch: 0,
    height: 8,
    validator: 1,
    signatures: [6, 7].map((byte) => new Uint8Array(96).fill(byte)),
  },
  request: { type: 'range.request', first_height: 3, last_height: 66, offset_bytes: 1_048_512 },
  range: { type: 'range', blocks: [{ block, certificate: polka }] },
  position_request: { type: 'position.request', nonce: new Uint8Array(32).fill(5) },
  position_at_start: { type: 'position', position },
  position: { type: 'position', position, certificate: polka },
  conflict: { type: 'conflict', conflict: { first: polka, second: polka, votes: [vote] } },
  snapshots_request: { type: 'snapshots.request' },
  snapshots: { type: 'snapshots', lowest_height: 7, snapshots: [{ height: 300, manifest: 'ab'.repeat(32) }] },
  manifest_request: { type: 'manifest.request', height: 300 },
  manifest: { type: 'manifest', first_keys: ['accounts/credit/a', 'proofs/b'] },
  chunk_request: { type: 'chunk.request', height: 300, index: 1 },
  chunk: { type: 'chunk', bytes: Uint8Array.of(1, 2, 3) },
  handover_request: { type: 'handover.request', epoch: 2 },
  handover_not_held: { type: 'handover' },
  handover: {
    type: 'handover',
    handover: { header: encodeHeader(header), certificate: polka, membership: encodeMembership(membership) },
  },
};

describe('golden bytes: a released layout never changes', () => {
  const now: Record<string, string> = {
    vote_sign_bytes: hex(voteSignBytes(CHAIN, vote)),
    nil_sign_bytes: hex(voteSignBytes(CHAIN, nil)),
    proposal_sign_bytes: hex(proposalSignBytes(CHAIN, proposal)),
    position_sign_bytes: hex(positionSignBytes(CHAIN, position)),
    header: hex(encodeHeader(header)),
    membership: hex(encodeMembership(membership)),
    beacon_message: hex(beaconMessage(CHAIN, 0, 7)),
    ...Object.fromEntries(
      Object.entries(MESSAGES).map(([name, message]) => [name, hex(encodeConsensusMessage(message))]),
    ),
  };
  test.each(Object.keys(now))('%s', (name) => {
    expect(now[name]).toBe(GOLDEN[name]);
  });
});

test('sign bytes are tag 16 | chain 32 | epoch u64 | height u64 | round u32 | type u8 | value 32 | valid_round i32 | validator u16', () => {
  const bytes = Buffer.from(voteSignBytes(CHAIN, nil));
  expect(bytes.length).toBe(SIGN_BYTES);
  expect(bytes.subarray(0, 16).toString('latin1')).toBe('srt/vote/1'.padEnd(16, '\0'));
  expect(bytes.subarray(16, 48).toString('hex')).toBe(CHAIN);
  expect([bytes.readBigUInt64BE(48), bytes.readBigUInt64BE(56), bytes.readUInt32BE(64), bytes[68]]).toEqual([
    1n,
    2n ** 40n + 2n,
    3,
    2,
  ]);
  expect(bytes.subarray(69, 101).equals(Buffer.alloc(32))).toBe(true);
  expect([bytes.readInt32BE(101), bytes.readUInt16BE(105)]).toEqual([-1, 258]);
});

test.each(Object.entries(MESSAGES))('decoding an encoded message gives it back: %s', (_, message) => {
  expect(decodeConsensusMessage(encodeConsensusMessage(message))).toEqual({ ok: true, value: message });
});

test('a header and a final block survive the way to bytes and back', () => {
  expect(decodeHeader(encodeHeader(header))).toEqual({ ok: true, value: header });
  const final = { block, certificate: polka };
  expect(decodeFinalBlock(encodeFinalBlock(final))).toEqual({ ok: true, value: final });
});

test('a membership survives the way to bytes and back, with a beacon key and without', () => {
  const plain = membershipOf(validatorSet(3));
  for (const one of [membership, plain])
    expect(decodeMembership(encodeMembership(one))).toEqual({ ok: true, value: one });
});

test.each<[string, Membership]>([
  ['without validators', { ...membership, validators: [] }],
  [
    'with a seat that has no share',
    { ...membership, validators: membership.validators.map((v) => ({ ...v, power: 3 })) },
  ],
  ['with shares and no key', { ...membership, beacon_key: null }],
  ['with too many seats', membershipOf(validatorSet(3).map((v) => ({ ...v, power: 43 })))],
])('a membership %s is refused, and so is a cut one', (_, bad) => {
  expect(decodeMembership(encodeMembership(bad))).toMatchObject({ ok: false, code: 'MEMBERSHIP_MALFORMED' });
  expect(decodeMembership(encodeMembership(membership).subarray(1)).ok).toBe(false);
});

test('every cut and every appended byte is refused', () => {
  for (const message of Object.values(MESSAGES)) {
    const bytes = encodeConsensusMessage(message);
    for (let length = 0; length < bytes.length; length++)
      expect(decodeConsensusMessage(bytes.subarray(0, length)).ok).toBe(false);
    expect(decodeConsensusMessage(Buffer.concat([bytes, Buffer.of(0)]))).toMatchObject({
      ok: false,
      code: 'CONSENSUS_MALFORMED',
    });
  }
});

test('no bytes crash the decoder, and what it accepts encodes to the same bytes', () => {
  const message = fc.constantFrom(...Object.values(MESSAGES)).map(encodeConsensusMessage);
  const flipped = fc
    .tuple(message, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }))
    .map(([bytes, flips]) => {
      const out = Uint8Array.from(bytes);
      for (const [at, byte] of flips) out[at % out.length] = byte;
      return out;
    });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 400 }), flipped), (bytes) => {
      const decoded = decodeConsensusMessage(bytes);
      // Either a refusal with its code, or a value that stands for exactly these bytes.
      expect(decoded.ok ? hex(encodeConsensusMessage(decoded.value)) : decoded.code).toBe(
        decoded.ok ? hex(bytes) : 'CONSENSUS_MALFORMED',
      );
    }),
    { numRuns: 2_000 },
  );
});

test('a message above the limit is refused before it is read', () => {
  expect(decodeConsensusMessage(new Uint8Array(MAX_MESSAGE_BYTES + 1))).toMatchObject({
    ok: false,
    code: 'MESSAGE_TOO_LARGE',
  });
});

test.each([
  ['a precommit with a valid_round', { ...nil, valid_round: 0 }],
  ['a nil prevote with a valid_round', { ...vote, value: null }],
])('refuses %s', (_, bad) => {
  expect(decodeConsensusMessage(encodeConsensusMessage({ type: 'vote', vote: bad })).ok).toBe(false);
});

test('evidence reads the same whichever statement was seen first', () => {
  const other = { ...vote, value: null, valid_round: -1 };
  expect(encodeEvidence({ type: 'double_vote', a: vote, b: other })).toEqual(
    encodeEvidence({ type: 'double_vote', a: other, b: vote }),
  );
});
