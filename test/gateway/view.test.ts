// The view from scripted blocks over the production ledger.
import { expect, test } from 'vitest';
import { ViewKeeper } from '#runtime/gateway/view.ts';
import { encodeConsensusMessage } from '#schemas/consensus/message-codec.ts';
import { ConsoleView } from '#schemas/node/console.ts';
import { MAX_ITEM_BODY_BYTES, MIN_HEARD_INTERVAL_MS } from '#schemas/wire/limits.ts';
import { decodeBody, encode } from '#schemas/wire/msgpack.ts';
import { subject } from '#schemas/wire/subjects.ts';
import { CLIENT, id, START_MS, VALIDATORS, WORKERS } from '../settlement/world/chain.ts';
import { changeSet, joinBody } from '../settlement/world/dealers.ts';
import { run } from '../settlement/world/nodes.ts';
import { FINALITY_MS, SeenWorld, signVote, worldCrypto } from './seen-world.ts';

function watched(options?: ConstructorParameters<typeof SeenWorld>[0]) {
  const world = new SeenWorld(options);
  const keeper = new ViewKeeper(world.reads, worldCrypto);
  world.reads.onBlock((seen) => keeper.hearBlock(seen));
  return { world, keeper, view: () => keeper.view(world.time_ms) };
}
const finished = (world: SeenWorld) => () => world.events('job.finished').length > 0;

test('a view of a whole job is what its schema says, and survives the wire', () => {
  const { world, view } = watched();
  world.submitJob(20);
  run(world, finished(world));
  const now = view();
  const bytes = encode(now);
  expect(bytes.length).toBeLessThan(MAX_ITEM_BODY_BYTES);
  expect(decodeBody(ConsoleView, bytes)).toEqual({ ok: true, value: now });
});

test('blocks are shown newest first with proposer, signers and the time to finality', () => {
  const { world, view } = watched();
  for (let i = 0; i < 50; i++) world.block();
  const { blocks, finality_ms, height } = view();
  expect(height).toBe(50);
  expect(blocks.map((block) => block.height)).toEqual(Array.from({ length: 40 }, (_, i) => 50 - i));
  expect(blocks[0]).toMatchObject({
    proposer: VALIDATORS[50 % 4],
    signers_count: 3,
    finality_ms: FINALITY_MS,
    round: 0,
  });
  expect(finality_ms).toEqual({ p50: FINALITY_MS, p99: FINALITY_MS });
});

test('the pace of blocks is that of the last minute, also while there are few', () => {
  const { world, view } = watched();
  for (let i = 0; i < 100; i++) world.block(100);
  expect(view().blocks_per_minute).toBeGreaterThan(590);
  expect(view().blocks_per_minute).toBeLessThan(620);
});

test('a running job shows its phases, its pace and when it will end; a finished one its overall pace', () => {
  const { world, view } = watched();
  world.submitJob(40);
  run(world, () => world.ledger.jobs().some((job) => job.settled_count >= 20));
  const [job] = view().jobs;
  const open = Object.values(job?.phases ?? {}).reduce((sum, count) => sum + count, 0);
  expect(job?.settled_count).toBeGreaterThanOrEqual(20);
  expect(open).toBe((job?.released_count ?? 0) - (job?.settled_count ?? 0));
  expect(job?.numbers_per_second).toBeGreaterThan(0);
  expect(job?.eta_s).toBeGreaterThan(0);
  run(world, finished(world));
  const [end] = view().jobs;
  expect(end).toMatchObject({ settled_count: 40, eta_s: null, numbers: `${40 * 1024}`, start: '0' });
  expect(Object.values(end?.phases ?? {})).toEqual([0, 0, 0, 0, 0, 0]);
  expect(end?.numbers_per_second).toBeGreaterThan(0);
});

test('a gateway that starts in the middle of a job shows the units that were under way', () => {
  const world = new SeenWorld();
  world.submitJob(40);
  run(world, () => world.ledger.jobs().some((job) => job.settled_count >= 10));
  const late = new ViewKeeper(world.reads, worldCrypto).view(world.time_ms).jobs[0];
  const open = Object.values(late?.phases ?? {}).reduce((sum, count) => sum + count, 0);
  expect(open).toBeGreaterThan(0);
  expect(open).toBe((late?.released_count ?? 0) - (late?.settled_count ?? 0));
});

test('workers show what they hold, what they passed and whether they can be drawn', () => {
  const { world, view } = watched();
  world.heartbeats(WORKERS.slice(0, 5));
  world.submitJob(10);
  run(world, () => world.events('unit.assigned').length > 0);
  world.time_ms += 1_000;
  const { workers, workers_count, available_count } = view();
  expect(workers_count).toBe(6);
  expect(workers.filter((worker) => worker.is_available)).toHaveLength(available_count);
  expect(workers.reduce((sum, worker) => sum + worker.open_units_count, 0)).toBeGreaterThan(0);
});

test('settlements show sums of zero, and what a liar lost', () => {
  const { world, view } = watched();
  const liar = WORKERS[0] ?? '';
  world.submitJob(12);
  run(world, finished(world), new Map([[liar, { lies: [0, 1, 2, 3] }]]));
  const [settlement] = view().settlements;
  expect(settlement?.sums).toEqual({ credit: '0', stake: '0' });
  expect(settlement?.entries.some(({ a, k, d }) => a === 'stake' && k === liar && d.startsWith('-'))).toBe(true);
  expect(settlement?.status).toBe('closed');
});

test('refused transactions are counted by account and code', () => {
  const { world, view } = watched();
  const overspend = { type: 'transfer', to: id('x'), asset: 'credit', amount_units: 10n ** 15n } as const;
  world.outcome(CLIENT, overspend);
  world.outcome(CLIENT, overspend);
  world.outcome(CLIENT, overspend, { nonce: 99 });
  const { refusals } = view();
  expect(refusals).toContainEqual({ code: 'BALANCE_LOW', peer: CLIENT, count: 2, last_ms: START_MS + 200 });
  expect(refusals).toContainEqual({ code: 'TX_NONCE_HIGH', peer: CLIENT, count: 1, last_ms: START_MS + 300 });
});

test('a validator that rules on a dispute after the quorum is told so, and nothing is held against it', () => {
  const { world, view } = watched();
  const codes = new Set<string | null>();
  world.reads.onBlock(({ result }) => result.outcomes.forEach((code) => codes.add(code)));
  world.submitJob(12);
  run(world, finished(world), new Map([[WORKERS[0] ?? '', { lies: [0, 1, 2, 3] }]]));
  expect(codes).toContain('DISPUTE_OVER');
  expect(codes).not.toContain('DISPUTE_UNKNOWN');
  expect(view().refusals.filter(({ peer }) => VALIDATORS.includes(peer))).toEqual([]);
});

test('the validators shown are the set of the next height; a bad dealing is held against its dealer', () => {
  const newcomer = id('c0');
  const [first = '', ...others] = VALIDATORS;
  const { world, view } = watched({ candidates: [newcomer], params: { epoch_heights: 20 } });
  world.send(newcomer, joinBody(newcomer));
  changeSet(world, new Map([[first, 'malformed']]));
  expect([view().epoch, view().validators.length]).toEqual([0, 4]);
  world.send(first, { type: 'validator.leave' });
  world.block();
  expect(view().epoch).toBe(1);
  expect(view().validators.map(({ id: v, power, state }) => [v, power, state])).toEqual([
    [first, 1, 'leaving'],
    ...[...others, newcomer].map((v) => [v, 1, 'member']),
  ]);
  expect(view().refusals).toContainEqual(expect.objectContaining({ code: 'DEALING_MALFORMED', peer: first, count: 1 }));
});

const voteOf = (height: number, validator: number, key: string) => {
  const unsigned = { type: 'prevote', epoch: 0, height, round: 2, value: null, valid_round: -1, validator } as const;
  return encodeConsensusMessage({ type: 'vote', vote: signVote(key, unsigned) });
};

test('a validator is heard by its signed votes, and by nobody else’s', () => {
  const { keeper, view } = watched();
  const [first = '', second = ''] = VALIDATORS;
  const on = (validator: string) => subject.consensus(7, 2, 'prevote', validator);
  keeper.hearConsensus(on(first), voteOf(7, 0, first), START_MS);
  keeper.hearConsensus(on(second), voteOf(7, 1, first), START_MS);
  keeper.hearConsensus(on(second), new Uint8Array([1, 2, 3]), START_MS);
  expect(
    view()
      .validators.map(({ height, round, heard_ms }) => ({ height, round, heard_ms }))
      .slice(0, 2),
  ).toEqual([
    { height: 7, round: 2, heard_ms: START_MS },
    { height: 0, round: 0, heard_ms: 0 },
  ]);
});

test('of one validator at most one message is looked at in each interval', () => {
  const { keeper, view } = watched();
  const [first = ''] = VALIDATORS;
  const on = subject.consensus(7, 2, 'prevote', first);
  keeper.hearConsensus(on, voteOf(7, 0, first), START_MS);
  keeper.hearConsensus(on, voteOf(9, 0, first), START_MS + MIN_HEARD_INTERVAL_MS - 1);
  expect(view().validators[0]?.height).toBe(7);
  keeper.hearConsensus(on, voteOf(9, 0, first), START_MS + MIN_HEARD_INTERVAL_MS);
  expect(view().validators[0]?.height).toBe(9);
});
