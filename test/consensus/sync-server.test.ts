// What a validator serves to those that lag: never more than it can prove.
import { expect, test } from 'vitest';
import { electorateOf } from '#machines/consensus/electorate.ts';
import { MemoryBroker } from '#runtime/bus/memory-bus.ts';
import { finalOps } from '#runtime/consensus/block-store.ts';
import { fetchBlocks } from '#runtime/consensus/sync-client.ts';
import { serveSync } from '#runtime/consensus/sync-server.ts';
import { MemoryDisk, openMemoryStore } from '#runtime/store/memory-store.ts';
import { encodeConsensusMessage } from '#schemas/consensus/message-codec.ts';
import type { FinalBlock } from '#schemas/consensus/types.ts';
import { MAX_MESSAGE_BYTES, MAX_SYNC_BLOCKS } from '#schemas/wire/limits.ts';
import { subject } from '#schemas/wire/subjects.ts';
import { CHAIN, crypto, membershipOf, Network } from './network.ts';

const ID = 'server';

function decided(count: number) {
  const network = new Network(4).start();
  for (let i = 0; i < count; i++) {
    network.submit(`tx ${i}`);
    network.run(network.now_ms + 20);
  }
  return { set: network.set, finals: network.node(0).finals };
}

async function serve(blocks: readonly FinalBlock[]) {
  const { set } = new Network(4);
  const store = openMemoryStore(new MemoryDisk());
  for (const [i, final] of blocks.entries())
    await store.batch(finalOps({ height: i + 1, id: '0'.repeat(64), time_ms: 0, state_root: '0'.repeat(64) }, final));
  const broker = new MemoryBroker();
  const members = electorateOf(CHAIN, membershipOf(set), crypto);
  serveSync(broker.connect(ID), ID, {
    store,
    electorate: () => members,
    position: () => undefined,
    part: () => undefined,
    onRefused: () => undefined,
  });
  const ask = async (first_height: number, last_height: number) => {
    const got = await fetchBlocks(broker.connect('asker'), ID, { first_height, last_height });
    return got.map(({ certificate }) => certificate.height);
  };
  return { ask, broker };
}

const unsigned = ({ block, certificate }: FinalBlock): FinalBlock => ({
  block,
  certificate: { ...certificate, votes: certificate.votes.map((vote) => ({ ...vote, signature: new Uint8Array(64) })) },
});

test('an answer ends with a certificate that holds, where a synced one within does not', async () => {
  const { finals } = decided(6);
  const { ask } = await serve(finals.map((final, i) => (i === 2 || i === 5 ? unsigned(final) : final)));
  expect(await ask(1, 5)).toEqual([1, 2, 3, 4, 5]);
  expect(await ask(1, 3)).toEqual([1, 2]);
  expect(await ask(1, 64)).toEqual([1, 2, 3, 4, 5]);
  expect(await ask(3, 3)).toEqual([]);
});

test('what a liar sends beyond a message or the blocks of one is no answer', async () => {
  const { finals } = decided(1);
  const [final] = finals as [FinalBlock];
  const broker = new MemoryBroker();
  const answers = [
    encodeConsensusMessage({ type: 'range', blocks: Array.from({ length: MAX_SYNC_BLOCKS + 1 }, () => final) }),
    new Uint8Array(MAX_MESSAGE_BYTES + 1),
    encodeConsensusMessage({ type: 'range.request', first_height: 1, last_height: 2, offset_bytes: 0 }),
  ];
  broker.connect(ID).subscribe(subject.sync(ID), ({ respond }) => respond?.(answers.shift() ?? new Uint8Array()));
  for (let i = 0; i < 4; i++)
    expect(await fetchBlocks(broker.connect('asker'), ID, { first_height: 1, last_height: 1 })).toEqual([]);
});
