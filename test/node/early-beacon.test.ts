// An early beacon is the validators' true one, known as soon as enough of them have shared it, and only where a draw waits.
import { expect, test } from 'vitest';
import { genesisMembership } from '#machines/consensus/genesis-membership.ts';
import { MemoryBroker } from '#runtime/bus/memory-bus.ts';
import { recover, signPartial } from '#runtime/consensus/beacon.ts';
import { dealShares } from '#runtime/consensus/beacon-dealer.ts';
import { listenForBeacons } from '#runtime/node/early-beacon.ts';
import { beaconMessage, beaconValue } from '#schemas/consensus/beacon.ts';
import { encodeConsensusMessage } from '#schemas/consensus/message-codec.ts';
import { subject } from '#schemas/wire/subjects.ts';
import { CHAIN, genesisOf, SHUFFLER, World } from '../settlement/world/chain.ts';

const deal = dealShares(4, 3, new Uint8Array(32).fill(7));
const plain = genesisOf();
const genesis = {
  ...plain,
  beacon_key: deal.group_key,
  validators: plain.validators.map((v, i) => ({ ...v, beacon_shares: [deal.shares[i]?.public ?? ''] })),
};
const chain = { id: CHAIN, genesis, validators: genesis.validators };
const membership = genesisMembership(chain);

/** A listener at `height`, where a draw waits for its beacon or not. */
function listening(waits = true) {
  const broker = new MemoryBroker();
  const position = { height: 5 };
  const refused: string[] = [];
  let told = 0;
  const early = listenForBeacons({
    chain,
    bus: broker.connect(SHUFFLER),
    ledger: { height: () => position.height, drawsByBeacon: () => waits, membership: () => membership },
    onKnown: () => told++,
    onRefused: (code) => refused.push(code),
  });
  /** Validator `from` shares its part of a height's beacon; `bend` makes it another's or a false one. */
  const share = async (from: number, height: number, bend: { as?: number; message?: Uint8Array } = {}) => {
    const validator = bend.as ?? from;
    const message = bend.message ?? beaconMessage(CHAIN, 0, height);
    const signature = signPartial(deal.shares[validator]?.secret ?? '', message);
    const bytes = encodeConsensusMessage({
      type: 'beacon.partial',
      epoch: 0,
      height,
      validator,
      signatures: [signature],
    });
    const sender = genesis.validators[from]?.id ?? '';
    broker.connect(sender).cast(subject.consensus(height + 1, 0, 'beacon-partial', sender), bytes);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { early, position, refused, share, told: () => told };
}

const trueValue = (height: number): Uint8Array => {
  const message = beaconMessage(CHAIN, 0, height);
  const partials = [0, 1, 2].map((i) => ({
    seat: i + 1,
    signature: signPartial(deal.shares[i]?.secret ?? '', message),
  }));
  return beaconValue(recover(partials, 4) ?? new Uint8Array(0));
};

test('three of four shares make the beacon known; two do not', async () => {
  const { early, share, told } = listening();
  await share(3, 5);
  await share(1, 5);
  expect([early.known(), told()]).toEqual([undefined, 0]);
  await share(0, 5);
  expect(early.known()).toEqual({ height: 5, value: trueValue(5) });
  expect(told()).toBe(1);
});

test('shares that come before the block count once it is executed', async () => {
  const { early, position, share } = listening();
  for (const from of [0, 1, 2]) await share(from, 6);
  expect(early.known()).toBeUndefined();
  position.height = 6;
  early.follow();
  expect(early.known()?.value).toEqual(trueValue(6));
});

test('the beacon of a height that is past is no longer an answer', async () => {
  const { early, position, share } = listening();
  for (const from of [0, 1, 2]) await share(from, 5);
  position.height = 6;
  expect(early.known()).toBeUndefined();
});

test('a share under another’s name, a false one and noise are refused, and do not hide the true beacon', async () => {
  const { early, refused, share } = listening();
  await share(0, 5, { as: 1 });
  await share(2, 5, { message: new Uint8Array(32) });
  for (const from of [0, 1, 3]) await share(from, 5);
  expect(refused).toEqual(['SENDER_MISMATCH', 'BEACON_SHARE_INVALID']);
  expect(early.known()?.value).toEqual(trueValue(5));
});

test('nothing is recovered where no draw waits', async () => {
  const { early, share } = listening(false);
  for (const from of [0, 1, 2]) await share(from, 5);
  expect(early.known()).toBeUndefined();
});

test('draws by an early beacon are those of the block that brings it, and are taken in that block', () => {
  const world = new World();
  world.heartbeats();
  world.block();
  world.submitJob(3);
  world.block();
  expect(world.ledger.pendingDraws()).toEqual([]);
  const { height = 0, signature = new Uint8Array(0) } = world.beacon(world.ledger.height()) ?? {};
  const draws = world.ledger.pendingDraws(0, 100, { height, value: beaconValue(signature) });
  expect(draws).toHaveLength(3);
  world.send(SHUFFLER, { type: 'draw', draws: [...draws] });
  expect(world.block().outcomes).toEqual([null]);
  expect(world.events('unit.assigned').map(({ worker }) => worker)).toEqual(draws.map(({ worker }) => worker));
});
