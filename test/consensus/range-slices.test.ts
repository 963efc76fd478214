// Ranges above one message: put together from slices of one answer, and a liar's slices come to nothing.
import { expect, test } from 'vitest';
import { electorateOf } from '#machines/consensus/electorate.ts';
import { MemoryBroker } from '#runtime/bus/memory-bus.ts';
import { finalOps, readRange } from '#runtime/consensus/block-store.ts';
import { fetchBlocks } from '#runtime/consensus/sync-client.ts';
import { serveSync } from '#runtime/consensus/sync-server.ts';
import { MemoryDisk, openMemoryStore } from '#runtime/store/memory-store.ts';
import {
  type ConsensusMessage,
  decodeConsensusMessage,
  encodeConsensusMessage,
  finalBlockBytes,
} from '#schemas/consensus/message-codec.ts';
import type { FinalBlock } from '#schemas/consensus/types.ts';
import { MAX_MESSAGE_BYTES, MAX_RANGE_BYTES, MAX_TX_BYTES } from '#schemas/wire/limits.ts';
import { subject } from '#schemas/wire/subjects.ts';
import { CHAIN, crypto, membershipOf, signVote, validatorSet } from './network.ts';

const SET = validatorSet(4);
const ID = SET[0]?.id ?? '';

/** A certified block of so many of the largest transactions. */
function blockOf(height: number, txs: number): FinalBlock {
  const value = height.toString(16).padStart(64, '0');
  const statement = { type: 'precommit', epoch: 0, height, round: 0, value, valid_round: -1 } as const;
  const votes = [0, 1, 2].map((validator) => signVote(SET, { ...statement, validator }));
  const body = Array.from({ length: txs }, (_, i) => new Uint8Array(MAX_TX_BYTES).fill(i + height));
  return {
    block: { header: new Uint8Array(300), txs: body },
    certificate: { type: 'commit', height, round: 0, value, votes },
  };
}

async function storeOf(blocks: readonly FinalBlock[]) {
  const store = openMemoryStore(new MemoryDisk());
  const tip = { id: '0'.repeat(64), time_ms: 0, state_root: '0'.repeat(64) };
  for (const final of blocks) await store.batch(finalOps({ ...tip, height: final.certificate.height }, final));
  return store;
}

test('an answer larger than a message arrives whole', async () => {
  const blocks = [1, 2, 3].map((height) => blockOf(height, 9));
  expect(finalBlockBytes(blocks[0] as FinalBlock)).toBeGreaterThan(MAX_MESSAGE_BYTES);
  const broker = new MemoryBroker();
  serveSync(broker.connect(ID), ID, {
    store: await storeOf(blocks),
    electorate: () => electorateOf(CHAIN, membershipOf(SET), crypto),
    position: () => undefined,
    part: () => undefined,
    onRefused: () => undefined,
  });
  const got = await fetchBlocks(broker.connect('asker'), ID, { first_height: 1, last_height: 64 });
  expect(got.map(({ block }) => block.txs.length)).toEqual([9, 9, 9]);
  expect(Buffer.compare(got[2]?.block.txs[8] ?? new Uint8Array(0), Buffer.alloc(MAX_TX_BYTES, 11))).toBe(0);
});

test('a range ends before 4 MiB, and holds one block at least', async () => {
  const blocks = [1, 2, 3, 4].map((height) => blockOf(height, 9));
  const got = await readRange(await storeOf(blocks), 1, 64);
  expect(got).toHaveLength(3);
  expect(got.reduce((sum, final) => sum + finalBlockBytes(final), 0)).toBeLessThan(MAX_RANGE_BYTES);
  const largest = blockOf(1, 31);
  expect(await readRange(await storeOf([largest, blockOf(2, 31)]), 1, 64)).toHaveLength(1);
  expect(finalBlockBytes(largest)).toBeLessThan(MAX_RANGE_BYTES);
});

type Slice = Extract<ConsensusMessage, { type: 'range.slice' }>;
const SLICE: Slice = { type: 'range.slice', offset_bytes: 0, total_bytes: 2_000_000, bytes: new Uint8Array(1_000_000) };

test.each<[string, (offset_bytes: number) => Slice]>([
  ['byte by byte', (offset_bytes) => ({ ...SLICE, offset_bytes, bytes: new Uint8Array(1) })],
  ['nothing at all', (offset_bytes) => ({ ...SLICE, offset_bytes, bytes: new Uint8Array(0) })],
  ['always the first', () => SLICE],
  ['without end', (offset_bytes) => ({ ...SLICE, offset_bytes, total_bytes: 2 ** 32 - 1 })],
  ['of no range', (offset_bytes) => ({ ...SLICE, offset_bytes })],
])('a liar that answers %s is asked a few times at most, and gives nothing', async (_, lie) => {
  const broker = new MemoryBroker();
  let asked = 0;
  broker.connect(ID).subscribe(subject.sync(ID), ({ data, respond }) => {
    const request = decodeConsensusMessage(data);
    asked++;
    if (request.ok && request.value.type === 'range.request')
      respond?.(encodeConsensusMessage(lie(request.value.offset_bytes)));
  });
  expect(await fetchBlocks(broker.connect('asker'), ID, { first_height: 1, last_height: 9 })).toEqual([]);
  expect(asked).toBeLessThan(4);
});
