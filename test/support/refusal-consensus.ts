// Lies in the name of a validator whose key we hold: bytes, votes, certificates, blocks and shares that others must not count.
import { createHash } from 'node:crypto';
import { genesisMembership } from '#machines/consensus/genesis-membership.ts';
import { proposerOf } from '#machines/consensus/proposer.ts';
import type { Signer } from '#runtime/keys/ed25519.ts';
import { decodeHeader, encodeHeader } from '#schemas/consensus/block-codec.ts';
import { type ConsensusMessage, encodeConsensusMessage, encodeFinalBlock } from '#schemas/consensus/message-codec.ts';
import type { Certificate, FinalBlock, Header, SignedProposal, SignedVote, Vote } from '#schemas/consensus/types.ts';
import { proposalSignBytes, voteSignBytes } from '#schemas/consensus/vote-codec.ts';
import { subject } from '#schemas/wire/subjects.ts';
import { type Row, rows } from './refusal-row.ts';
import { type RefusalWorld, STRANGER } from './refusal-world.ts';

/** The liar; and its index among the four. */
const LIAR = 'validator-4';
/** Heights ahead of the tip: the network never gets there, so that no honest vote can contradict what is signed here. */
const AHEAD = 100_000;
/** Three seconds of blocks. */
const SHARE_HEIGHTS = 60;
const VALUE = '5a'.repeat(32);

const indexOf = (world: RefusalWorld, name: string): number =>
  world.running.network.chain.validators.findIndex(({ id }) => id === world.key(name).id);
const ahead = (world: RefusalWorld): number => world.ledger.height() + AHEAD;
const vote = (world: RefusalWorld, change: Partial<Vote> = {}): Vote => ({
  type: 'precommit',
  epoch: 0,
  height: ahead(world),
  round: 0,
  value: VALUE,
  valid_round: -1,
  validator: indexOf(world, LIAR),
  ...change,
});
const signed = (chain: string, v: Vote, key: Signer): SignedVote => ({
  ...v,
  signature: key.sign(voteSignBytes(chain, v)),
});

/** Publish on a subject of the liar. */
async function say(world: RefusalWorld, bytes: Uint8Array): Promise<void> {
  (await world.bus(LIAR)).cast(subject.consensus(ahead(world), 0, 'vote', world.key(LIAR).id), bytes);
}
const saying = (message: (world: RefusalWorld) => ConsensusMessage) => (world: RefusalWorld) =>
  say(world, encodeConsensusMessage(message(world)));
const voting = (make: (world: RefusalWorld) => SignedVote) => saying((world) => ({ type: 'vote', vote: make(world) }));
/**
 * A false share of the beacon of each height from the newest one heard here on. Shares count for a few heights above a validator's own,
 * which may be ahead of ours by however many blocks a busy machine heard late.
 */
const sharing = (lie: (world: RefusalWorld) => { epoch: number; validator: number }) => async (world: RefusalWorld) => {
  const next = world.ledger.height() + 1;
  for (let height = next; height < next + SHARE_HEIGHTS; height++)
    await say(
      world,
      encodeConsensusMessage({ type: 'beacon.partial', height, signatures: [new Uint8Array(96)], ...lie(world) }),
    );
};

/** A commit certificate on `value` by these keys, each in the name of the validator beside it. */
function commit(
  world: RefusalWorld,
  value: string,
  by: readonly (readonly [name: string, key: Signer])[],
  height = ahead(world),
): Certificate {
  const votes = by.map(([name, key]) =>
    signed(world.chain, vote(world, { height, value, validator: indexOf(world, name) }), key),
  );
  return { type: 'commit', height, round: 0, value, votes };
}
const own = (world: RefusalWorld, name: string) => [name, world.key(name)] as const;
const certifying = (by: (world: RefusalWorld) => readonly (readonly [string, Signer])[]) =>
  saying((world) => ({ type: 'certificate', certificate: commit(world, VALUE, by(world)) }));

/** As if the liar were the proposer: of the round in which it is not. */
function proposal(world: RefusalWorld): Extract<ConsensusMessage, { type: 'proposal' }> {
  const height = ahead(world);
  const round = proposerOf(genesisMembership(world.running.network.chain), height, 0) === indexOf(world, LIAR) ? 1 : 0;
  const statement = { epoch: 0, height, round, value: VALUE, valid_round: -1, validator: indexOf(world, LIAR) };
  const said: SignedProposal = {
    ...statement,
    signature: world.key(LIAR).sign(proposalSignBytes(world.chain, statement)),
  };
  return { type: 'proposal', proposal: said, block: world.final.block };
}

const statements = rows('cs.v1.…, by a validator', 'validator-1', [
  ['bytes that are no consensus message', 'CONSENSUS_MALFORMED', (world) => say(world, new Uint8Array(40).fill(7))],
  ['a vote with a bad signature', 'SIGNATURE_INVALID', voting((world) => signed(world.chain, vote(world), STRANGER))],
  [
    'a vote for another chain',
    'SIGNATURE_INVALID',
    voting((world) => signed('cd'.repeat(32), vote(world), world.key(LIAR))),
  ],
  [
    'a vote in another validator’s name',
    'SIGNATURE_INVALID',
    voting((world) => signed(world.chain, vote(world, { validator: indexOf(world, 'validator-2') }), world.key(LIAR))),
  ],
  [
    'a vote of nobody',
    'VALIDATOR_UNKNOWN',
    voting((world) => signed(world.chain, vote(world, { validator: 9 }), world.key(LIAR))),
  ],
  [
    'a vote of another epoch',
    'EPOCH_MISMATCH',
    voting((world) =>
      signed(world.chain, vote(world, { epoch: 1, height: world.ledger.height() + 2 }), world.key(LIAR)),
    ),
  ],
  ['a proposal by who is not the proposer', 'PROPOSER_MISMATCH', saying(proposal)],
  [
    'a status in another validator’s name',
    'SENDER_MISMATCH',
    saying(() => ({ type: 'status', from: '0'.repeat(64), height: 1, round: 0, lowest_height: 1 })),
  ],
  ['a beacon share in another validator’s name', 'SENDER_MISMATCH', sharing(() => ({ epoch: 0, validator: 0 }))],
  [
    'a beacon share of another epoch',
    'EPOCH_MISMATCH',
    sharing((world) => ({ epoch: 3, validator: indexOf(world, LIAR) })),
  ],
  ['an answer that nobody asked for', 'KIND_UNKNOWN', saying(() => ({ type: 'range', blocks: [] }))],
]);

const certificates = rows('cs.v1.…, by a validator', 'validator-1', [
  [
    'a certificate with too few votes',
    'CERTIFICATE_INVALID',
    certifying((world) => [own(world, 'validator-4'), own(world, 'validator-3')]),
  ],
  [
    'a certificate with a repeated voter',
    'CERTIFICATE_INVALID',
    certifying((world) => [own(world, 'validator-4'), own(world, 'validator-4'), own(world, 'validator-4')]),
  ],
  [
    'a certificate with votes of a stranger',
    'SIGNATURE_INVALID',
    certifying((world) => [own(world, 'validator-4'), ['validator-2', STRANGER], ['validator-3', STRANGER]]),
  ],
  [
    'a certificate whose votes say something else',
    'CERTIFICATE_INVALID',
    saying((world) => ({
      type: 'certificate',
      certificate: {
        ...commit(world, '6b'.repeat(32), [own(world, 'validator-4'), own(world, 'validator-3')]),
        value: VALUE,
      },
    })),
  ],
]);

/** The newest block at a height of its own, certified by these keys. */
function block(
  world: RefusalWorld,
  by: readonly (readonly [string, Signer])[],
  change: Partial<Header> = {},
): FinalBlock {
  const got = decodeHeader(world.final.block.header);
  if (!got.ok) throw new Error('a final block cannot be read');
  const height = ahead(world);
  const header = encodeHeader({ ...got.value, height, txs_root: createHash('sha256').digest('hex'), ...change });
  const id = createHash('sha256').update(header).digest('hex');
  return { block: { header, txs: [] }, certificate: commit(world, id, by, height) };
}
const publishing = (make: (world: RefusalWorld) => Uint8Array) => async (world: RefusalWorld) =>
  (await world.bus(LIAR)).cast(subject.block(world.key(LIAR).id), make(world));

const blocks = rows('blk.v1.…, by a validator', 'workers-ada', [
  ['bytes that are no block', 'BLOCK_MALFORMED', publishing(() => new Uint8Array(100).fill(9))],
  [
    'a block with too few votes',
    'CERTIFICATE_INVALID',
    publishing((world) => encodeFinalBlock(block(world, [own(world, 'validator-4'), own(world, 'validator-3')]))),
  ],
  [
    'a block with votes of a stranger',
    'SIGNATURE_INVALID',
    publishing((world) =>
      encodeFinalBlock(block(world, [own(world, 'validator-4'), ['validator-2', STRANGER], ['validator-3', STRANGER]])),
    ),
  ],
  [
    'a block of another chain',
    'NETWORK_MISMATCH',
    publishing((world) => encodeFinalBlock(block(world, [own(world, 'validator-4')], { chain: 'ef'.repeat(32) }))),
  ],
  [
    'a block whose transactions are not those of its header',
    'BLOCK_INVALID',
    publishing((world) => encodeFinalBlock(block(world, [own(world, 'validator-4')], { txs_root: VALUE }))),
  ],
]);

const ranges = rows('sync.v1.…, by a client', 'validator-1', [
  [
    'a request for blocks that is none',
    'CONSENSUS_MALFORMED',
    async (world) =>
      (await world.bus('client')).cast(subject.sync(world.key('validator-1').id), new Uint8Array(9).fill(1)),
  ],
]);

export const CONSENSUS_ROWS: readonly Row[] = [...statements, ...certificates, ...blocks, ...ranges];
