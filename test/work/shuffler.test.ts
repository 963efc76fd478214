// The shuffler's machine, and the lottery that it shares with the validators: what it asks, sends, and sends again.
import { beforeEach, describe, expect, test } from 'vitest';
import { shuffler } from '#actors/work/shuffler.actor.ts';
import { AVAILABILITY_INTERVAL_MS } from '#machines/work/shuffler.machine.ts';
import type { ShufflerData } from '#schemas/snapshots/shuffler-v1.ts';
import { MAX_BATCH_ITEMS } from '#schemas/wire/limits.ts';
import { asked, block, done, failed, fired, Stepping, started, submitted, type Told } from './stepping.ts';

const ME = 'aa'.repeat(32);
const WORKER = 'bb'.repeat(32);
const JOB = '01'.repeat(16);
const draw = (index: number, attempt = 1) => ({
  unit: `${JOB}/${index}`,
  attempt,
  worker: WORKER,
});
const drawn = (height: number, ...draws: readonly ReturnType<typeof draw>[]): Told =>
  done('lottery', `draws:${height}`, { height, draws });
const beat = { worker: WORKER, at_ms: 5, signature: new Uint8Array(64) };
const heard = (...heartbeats: readonly (typeof beat)[]): Told => done('heartbeats', 'heartbeats:1', { heartbeats });

let actor: Stepping<ShufflerData>;
beforeEach(() => {
  actor = new Stepping(shuffler, ME);
});

test('it starts by listening for workers and by asking for draws', () => {
  expect(actor.state).toBe('starting');
  expect(actor.hear(started)).toEqual([
    { type: 'io', port: 'heartbeats', key: 'heartbeats:1', request: { interval_ms: AVAILABILITY_INTERVAL_MS } },
    { type: 'io', port: 'lottery', key: 'draws:0', request: { after_height: 0, older_than_ms: 0 } },
  ]);
  expect(actor.state).toBe('drawing');
});

test('draws are sent as they come, and the next question waits for a later block', () => {
  actor.hear(started);
  const effects = actor.hear(drawn(5, draw(0), draw(1)));
  expect(submitted(effects)).toEqual([{ type: 'draw', draws: [draw(0), draw(1)] }]);
  expect(asked(effects)).toEqual(['lottery draws:5']);
});

test('a draw on its way is not sent twice, until it has been open for twenty blocks', () => {
  actor.hear(started);
  actor.hear(drawn(5, draw(0)));
  expect(submitted(actor.hear(drawn(24, draw(0))))).toEqual([]);
  expect(submitted(actor.hear(drawn(25, draw(0))))).toEqual([{ type: 'draw', draws: [draw(0)] }]);
});

test('the next attempt at a unit is another draw', () => {
  actor.hear(started);
  actor.hear(drawn(5, draw(0)));
  expect(submitted(actor.hear(drawn(6, draw(0, 2))))).toEqual([{ type: 'draw', draws: [draw(0, 2)] }]);
});

test('what is no longer open is forgotten: its memory is bounded by what is', () => {
  actor.hear(started);
  actor.hear(drawn(5, draw(0), draw(1)));
  actor.hear(drawn(6, draw(1)));
  expect(Object.keys(actor.data.lottery.sent)).toEqual([`${JOB}/1#1`]);
});

test('more draws than a transaction takes become several', () => {
  actor.hear(started);
  const many = Array.from({ length: MAX_BATCH_ITEMS + 3 }, (_, index) => draw(index));
  const bodies = submitted(actor.hear(drawn(5, ...many)));
  expect(bodies.map((body) => body.type === 'draw' && body.draws.length)).toEqual([MAX_BATCH_ITEMS, 3]);
});

test('who was heard goes to the ledger, and it listens on; where nobody was, nothing is sent', () => {
  actor.hear(started);
  const effects = actor.hear(heard(beat));
  expect(submitted(effects)).toEqual([{ type: 'availability', heartbeats: [beat] }]);
  expect(asked(effects)).toEqual(['heartbeats heartbeats:2']);
  expect(actor.hear(heard())).toMatchObject([{ port: 'heartbeats', key: 'heartbeats:3' }]);
});

describe('a port that fails is asked again after a second', () => {
  test.each([
    ['lottery', 'ask', 'lottery draws:0', 'starting'],
    ['heartbeats', 'listen', 'heartbeats heartbeats:2', 'drawing'],
  ] as const)('%s', (port, id, again, state) => {
    actor.hear(started);
    expect(actor.hear(failed(port, 'any'))).toEqual([{ type: 'timer.set', id, at_ms: 2_000 }]);
    expect(actor.state).toBe(state);
    expect(asked(actor.hear(fired(id)))).toEqual([again]);
    expect(actor.state).toBe('drawing');
  });
});

test.each([
  ['blocks', block()],
  ['mail', { type: 'message', kind: 'other.v1', from: WORKER, body: null }],
] as const)('%s change nothing', (_name, event) => {
  actor.hear(started);
  const before = actor.snapshot;
  expect(actor.hear(event)).toEqual([]);
  expect(actor.snapshot).toBe(before);
});

test('an answer that is none is a fault, not a draw', () => {
  actor.hear(started);
  const before = actor.snapshot;
  expect(() => actor.hear(done('lottery', 'draws:0', { height: 1, draws: [{ unit: 'x' }] }))).toThrow(/unit/);
  expect(actor.snapshot).toBe(before);
});
