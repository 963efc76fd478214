// Where a node's trust begins: a checkpoint that its own blocks contradict, now or later, ends it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { electorateOf } from '#machines/consensus/electorate.ts';
import type { CertifiedAnchor } from '#machines/consensus/light.ts';
import { finalOps } from '#runtime/consensus/block-store.ts';
import { signer } from '#runtime/keys/ed25519.ts';
import { sha256 } from '#runtime/keys/sha256.ts';
import { writeCheckpoint } from '#runtime/light/checkpoint-file.ts';
import { BlockBell } from '#runtime/node/block-bell.ts';
import { productionCrypto } from '#runtime/node/crypto.ts';
import { trustedFrom } from '#runtime/node/trusted-from.ts';
import { MemoryDisk, openMemoryStore } from '#runtime/store/memory-store.ts';
import { decodeHeader, encodeHeader } from '#schemas/consensus/block-codec.ts';
import { voteSignBytes } from '#schemas/consensus/vote-codec.ts';
import { CHAIN, genesisOf } from '../settlement/world/chain.ts';
import { emptyHeader } from '../support/empty-header.ts';

const genesis = genesisOf();
const chain = { id: CHAIN, genesis, validators: genesis.validators };
const key = signer(new Uint8Array(32).fill(3));
const set = electorateOf(
  CHAIN,
  {
    epoch: 2,
    first_height: 5,
    proposer_seed: CHAIN,
    beacon_key: null,
    validators: [{ id: key.id, operator: CHAIN, power: 1, beacon_shares: [], cosigner: CHAIN, encryption_key: CHAIN }],
  },
  productionCrypto,
);

/** The block of height 9, by the only validator of the set. */
function block(time_ms: number): CertifiedAnchor {
  const header = encodeHeader(
    emptyHeader(CHAIN, {
      epoch: 2,
      height: 9,
      time_ms,
      validators_hash: set.hash,
      next_validators_hash: set.hash,
    }),
  );
  const id = Buffer.from(sha256(header)).toString('hex');
  const said = { type: 'precommit', epoch: 2, height: 9, round: 0, value: id, valid_round: -1, validator: 0 } as const;
  const votes = [{ ...said, signature: key.sign(voteSignBytes(CHAIN, said)) }];
  return { set, header, block: { height: 9, id }, commit: { type: 'commit', height: 9, round: 0, value: id, votes } };
}

let dir: string;
let from: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sortition-trust-'));
  from = join(dir, 'seen.json');
  await writeCheckpoint(from, block(1));
});
afterAll(() => rm(dir, { recursive: true }));

async function node(held?: CertifiedAnchor) {
  const store = openMemoryStore(new MemoryDisk());
  if (held !== undefined) {
    const final = { block: { header: held.header, txs: [] }, certificate: held.commit };
    await store.batch(finalOps({ ...held.block, time_ms: 0, state_root: CHAIN }, final));
  }
  const failures: unknown[] = [];
  const options = { from, onFailure: (error: unknown) => void failures.push(error) };
  return { options, chain, store, bell: new BlockBell(), failures };
}

/** As the node executes it. */
function executed({ header, block: { id }, commit }: CertifiedAnchor) {
  const decoded = decodeHeader(header);
  if (!decoded.ok) throw new Error(decoded.code);
  const checked = { id, header: decoded.value, final: { block: { header, txs: [] }, certificate: commit } };
  return { checked, result: { height: 9, changes: [], events: [], outcomes: [] }, txs: () => [], received_ms: 0 };
}

test('without a checkpoint it is the genesis', async () => {
  const { chain: of, ...rest } = await node();
  const anchor = await trustedFrom({ ...rest, chain: of, options: { onFailure: () => undefined } });
  expect([anchor.block.height, anchor.set.epoch]).toEqual([0, 0]);
});

test('with one it is the block and its set, and the same block, held or executed, is welcome', async () => {
  const here = await node(block(1));
  expect(await trustedFrom(here)).toMatchObject({ block: block(1).block, set: { epoch: 2, hash: set.hash } });
  here.bell.ring(executed(block(1)));
  expect(here.failures).toEqual([]);
});

test('another block of that height on the disk: the node does not start', async () => {
  await expect(trustedFrom(await node(block(2)))).rejects.toMatchObject({ code: 'LIGHT_FORK' });
});

test('another block of that height, whoever certified it, ends a node that comes by it later', async () => {
  const here = await node();
  await trustedFrom(here);
  here.bell.ring(executed(block(2)));
  expect(here.failures).toMatchObject([{ code: 'LIGHT_FORK' }]);
});
