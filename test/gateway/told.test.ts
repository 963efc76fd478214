// What a gateway tells accounts of each block, and what a client takes of it: the production ledger, both ends over one bus.
import { beforeEach, describe, expect, test } from 'vitest';
import { MemoryBroker } from '#runtime/bus/memory-bus.ts';
import { Teller } from '#runtime/gateway/teller.ts';
import { seal } from '#runtime/host/envelopes.ts';
import { listenToGateway, openTold } from '#runtime/network/told.ts';
import { TOLD_KIND, type ToldV1 } from '#schemas/node/told.ts';
import { txId } from '#schemas/settlement/tx-codec.ts';
import { MAX_OPEN_JOBS, MAX_TOLD_ACCOUNTS } from '#schemas/wire/limits.ts';
import { encode } from '#schemas/wire/msgpack.ts';
import { subject } from '#schemas/wire/subjects.ts';
import { newSigner } from '../compliance/bus-harness.ts';
import { CHAIN, CLIENT, id, SHUFFLER, START_MS, VALIDATORS, WORKERS } from '../settlement/world/chain.ts';
import { run } from '../settlement/world/nodes.ts';
import { SeenWorld, wireOf } from './seen-world.ts';

const gateway = newSigner();
const clock = { now_ms: () => START_MS };
let world: SeenWorld;
let broker: MemoryBroker;
let untold: string[];
/** Account and news, in order, as any listener could hear them. */
let said: { account: string; data: Uint8Array }[];

beforeEach(() => {
  world = new SeenWorld();
  broker = new MemoryBroker();
  untold = [];
  said = [];
  const bus = broker.connect(gateway.id);
  const onRefused = (code: string): void => void untold.push(code);
  const teller = new Teller({ chain: CHAIN, ledger: world.ledger, signer: gateway, bus, clock, onRefused });
  world.reads.onBlock((seen) => teller.hear(seen));
  broker.connect('ear').subscribe('told.v1.*.*', ({ subject: on, data }) => {
    said.push({ account: on.split('.')[2] ?? '', data });
  });
});

/** A client of the account, and what it heard. */
function listen(account: string) {
  const told: ToldV1[] = [];
  const gaps: number[] = [];
  const refused: string[] = [];
  const subscription = listenToGateway({
    chain: CHAIN,
    gateway: gateway.id,
    account,
    bus: broker.connect(account),
    clock,
    onTold: (one, hasGap) => {
      told.push(one);
      if (hasGap) gaps.push(one.height);
    },
    onRefused: (code) => refused.push(code),
  });
  return { told, gaps, refused, close: () => subscription.close() };
}
const NOTHING = new Uint8Array(0);
const JOB = { job: 'ab'.repeat(16), is_accepted: true, settled: [0, 2], parked: [1], is_finished: true };
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a client hears that its job was taken up, of each unit that is settled, and of the end', async () => {
  const client = listen(CLIENT);
  world.submitJob(20);
  run(world, () => world.events('job.finished').length > 0);
  await settle();
  const job = world.events('job.accepted')[0]?.job;
  const moves = client.told.flatMap(({ jobs }) => jobs);
  expect(new Set(moves.map((move) => move.job))).toEqual(new Set([job]));
  expect(moves.map(({ is_accepted }) => is_accepted)).toEqual(moves.map((_, i) => i === 0));
  expect(moves.map(({ is_finished }) => is_finished)).toEqual(moves.map((_, i) => i === moves.length - 1));
  const settled = moves.flatMap((move) => move.settled).toSorted((a, b) => a - b);
  expect(settled).toEqual(Array.from({ length: 20 }, (_, i) => i));
  expect(client).toMatchObject({ gaps: [], refused: [] });
});

test('a client hears what became of each of its transactions: applied, or refused with the code', async () => {
  const client = listen(CLIENT);
  const good = world.send(CLIENT, { type: 'transfer', to: VALIDATORS[0] ?? '', asset: 'credit', amount_units: 1n });
  const bad = world.send(CLIENT, {
    type: 'transfer',
    to: VALIDATORS[0] ?? '',
    asset: 'credit',
    amount_units: 2n ** 60n,
  });
  world.block();
  await settle();
  expect(client.told).toMatchObject([
    {
      height: 1,
      time_ms: world.time_ms,
      after_height: 0,
      jobs: [],
      txs: [
        { tx: txId(wireOf(good)), nonce: good.nonce, code: null },
        { tx: txId(wireOf(bad)), nonce: bad.nonce, code: 'BALANCE_LOW' },
      ],
    },
  ]);
});

test('a unit that is given up is told as parked', async () => {
  const client = listen(CLIENT);
  world.submitJob(1);
  const asleep = new Map(WORKERS.map((worker) => [worker, { skips: ['commit'] as const }]));
  const isWorking = (): boolean => world.ledger.unit(world.events('unit.drawable')[0]?.unit ?? '')?.phase === 'working';
  while (world.events('job.finished').length === 0) {
    run(world, isWorking, asleep, 20);
    world.block(11_000);
  }
  await settle();
  expect(client.told.at(-1)?.jobs).toMatchObject([{ settled: [], parked: [0], is_finished: true }]);
});

test('nobody is told of the transactions of workers and services, who follow the chain themselves', async () => {
  world.submitJob(3);
  run(world, () => world.events('job.finished').length > 0);
  await settle();
  expect(world.blocks.flatMap(({ txs }) => txs.map((tx) => tx?.account))).toContain(SHUFFLER);
  expect(new Set(said.map(({ account }) => account))).toEqual(new Set([CLIENT]));
});

test('who missed news hears with the next that there was some', async () => {
  const client = listen(CLIENT);
  for (const key of ['first', 'second', 'third']) {
    broker.fate = (_subject, receiver) => (key === 'second' && receiver === CLIENT ? 'drop' : 'deliver');
    world.submitJob(1, 100n, key);
    world.block();
    await settle();
  }
  expect(client.told.map(({ height, after_height }) => [height, after_height])).toEqual([
    [1, 0],
    [3, 2],
  ]);
  expect(client.gaps).toEqual([3]);
});

test('of a block that moves more accounts than the bound, so many are told, others at each height, and each sees what it missed', async () => {
  const visitors = Array.from({ length: MAX_TOLD_ACCOUNTS + 44 }, (_, i) => id(`visitor ${i}`));
  const visit = async (): Promise<string[]> => {
    said = [];
    for (const visitor of visitors)
      world.send(visitor, { type: 'transfer', to: CLIENT, asset: 'credit', amount_units: 1n });
    world.block();
    await settle();
    return said.map(({ account }) => account);
  };
  const first = await visit();
  const second = await visit();
  expect([first.length, second.length]).toEqual([MAX_TOLD_ACCOUNTS, MAX_TOLD_ACCOUNTS]);
  expect(new Set([...first, ...second]).size).toBe(visitors.length);
  expect(untold).toEqual(Array.from({ length: 2 * 44 }, () => 'TOLD_LIMIT'));
  const late = said.find(({ account }) => !first.includes(account));
  const news = openTold(
    late?.data ?? NOTHING,
    { chain: CHAIN, gateway: gateway.id, account: late?.account ?? '' },
    START_MS,
  );
  expect(news).toMatchObject({ ok: true, value: { height: 2, after_height: 1 } });
});

describe('what another one says in the gateway’s name', () => {
  const parties = { chain: CHAIN, gateway: gateway.id, account: CLIENT };
  const other = newSigner();
  const told: ToldV1 = { height: 1, time_ms: START_MS, after_height: 0, jobs: [], txs: [] };
  const item = { kind: TOLD_KIND, to: CLIENT, counter: 0, body: encode(told) };
  const sealed = (
    change: Partial<typeof item> = {},
    { signer = gateway, sender = gateway.id, chain = CHAIN, at_ms = START_MS } = {},
  ) => seal({ chain, id: sender, sign: signer.sign }, at_ms, '', [{ ...item, ...change }]);

  test('is not what the gateway says', () => {
    expect(openTold(sealed(), parties, START_MS)).toEqual({ ok: true, value: told });
  });

  test.each([
    ['signed by another key', sealed({}, { signer: other }), 'SIGNATURE_INVALID'],
    ['of another sender', sealed({}, { signer: other, sender: other.id }), 'SENDER_MISMATCH'],
    ['of another network', sealed({}, { chain: id('another chain') }), 'NETWORK_MISMATCH'],
    ['from long ago', sealed({}, { at_ms: START_MS - 3_600_000 }), 'MESSAGE_EXPIRED'],
    ['to another account', sealed({ to: other.id }), 'RECEIVER_UNKNOWN'],
    ['of another kind', sealed({ kind: 'node.console-view.v1' }), 'KIND_UNKNOWN'],
    ['with a field more', sealed({ body: encode({ ...told, more: 1 }) }), 'SCHEMA_MISMATCH'],
    [
      'with more jobs than may be open',
      sealed({ body: encode({ ...told, jobs: Array(MAX_OPEN_JOBS + 1).fill(JOB) }) }),
      'SCHEMA_MISMATCH',
    ],
    ['that is no message', NOTHING, 'ENVELOPE_MALFORMED'],
  ])('a message %s is refused with its code', (_what, data, code) => {
    expect(openTold(data, parties, START_MS)).toMatchObject({ ok: false, code });
  });

  test('an old message that comes again is refused as a replay', async () => {
    const client = listen(CLIENT);
    const liar = broker.connect(other.id);
    for (const _ of [1, 2]) liar.cast(subject.told(CLIENT, gateway.id), sealed());
    await settle();
    expect(client).toMatchObject({ told: [told], refused: ['COUNTER_REPLAYED'] });
  });
});

test('the bytes of news are these', () => {
  const told: ToldV1 = {
    height: 7,
    time_ms: 1_795_000_000_000,
    after_height: 5,
    jobs: [JOB],
    txs: [{ tx: '22'.repeat(32), nonce: 3, code: 'BALANCE_LOW' }],
  };
  expect(Buffer.from(encode(told)).toString('hex')).toBe(
    '85a668656967687407a774696d655f6d73cb427a1ee565e00000ac61667465725f68656967687405a46a6f62739185a36a6f62d9206162616261626162616261626162616261626162616261626162616261626162ab69735f6163636570746564c3a7736574746c6564920002a67061726b65649101ab69735f66696e6973686564c3a37478739183a27478d94032323232323232323232323232323232323232323232323232323232323232323232323232323232323232323232323232323232323232323232323232323232a56e6f6e636503a4636f6465ab42414c414e43455f4c4f57',
  );
});
