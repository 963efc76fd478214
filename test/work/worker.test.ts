// The worker's machine, event by event: it computes what was drawn, commits before it reveals, and answers audits.
import { beforeEach, describe, expect, test } from 'vitest';
import { worker } from '#actors/work/worker.actor.ts';
import type { LedgerEvent } from '#schemas/settlement/state.ts';
import type { WorkerData } from '#schemas/snapshots/worker-v1.ts';
import { MAX_BATCH_ITEMS } from '#schemas/wire/limits.ts';
import { asked, block, done, failed, fired, Stepping, started, submitted, type Told } from './stepping.ts';

const ME = 'aa'.repeat(32);
const OTHER = 'bb'.repeat(32);
const JOB = '01'.repeat(16);
const UNIT = `${JOB}/0`;
const bytes = (length: number, value: number) => new Uint8Array(length).fill(value);
const OUTCOME = {
  commitment: bytes(32, 1),
  root: bytes(32, 2),
  output_hash: bytes(32, 3),
  fuel: 0,
  salt: bytes(16, 4),
  suspects: [],
};

const work = { kernel: 'noop/v1', start: bytes(16, 0), unit_log2: 8 };
const drawn = (unit = UNIT, who = ME, attempt = 1): LedgerEvent => ({
  type: 'unit.assigned',
  unit,
  attempt,
  worker: who,
  ...work,
  deadline_ms: 9,
});
const committed = (unit = UNIT, who = ME): LedgerEvent => ({
  type: 'unit.committed',
  unit,
  attempt: 1,
  worker: who,
  deadline_ms: 9,
});
const audited = (who: string, auditors: readonly string[]): LedgerEvent => ({
  type: 'audit.assigned',
  unit: UNIT,
  attempt: 1,
  worker: who,
  auditors,
  indices: [2, 5],
  ...work,
  deadline_ms: 9,
});
const settled = (who = ME): LedgerEvent => ({
  type: 'unit.settled',
  unit: UNIT,
  attempt: 1,
  worker: who,
  auditors: [OTHER, OTHER],
});
const requeued: LedgerEvent = { type: 'unit.requeued', unit: UNIT, attempt: 1, worker: ME, reason: 'late' };
const ran = (unit = UNIT, attempt = 1): Told => done('sandbox', `run:${unit}#${attempt}`, OUTCOME);
const flush = fired('flush');

let actor: Stepping<WorkerData>;
beforeEach(() => {
  actor = new Stepping(worker, ME);
  actor.hear(started);
});

/** Bring the worker to where its attempt stands. */
const reach = {
  idle: () => {},
  computing: () => void actor.hear(block(drawn())),
  computed: () => {
    reach.computing();
    actor.hear(ran());
  },
  committing: () => {
    reach.computed();
    actor.hear(flush);
  },
  revealing: () => {
    reach.committing();
    actor.hear(block(committed()));
  },
  revealed: () => {
    reach.revealing();
    actor.hear(flush);
  },
} as const;
type Where = keyof typeof reach;

test('a unit that was drawn for it is computed, committed, revealed, opened and forgotten when it is paid', () => {
  expect(asked(actor.hear(block(drawn())))).toEqual([`sandbox run:${UNIT}#1`]);
  expect(actor.state).toBe('working');
  expect(actor.hear(ran())).toEqual([{ type: 'timer.set', id: 'flush', at_ms: 1_005 }]);
  expect(submitted(actor.hear(flush))).toEqual([
    { type: 'commit', commits: [{ unit: UNIT, attempt: 1, commitment: OUTCOME.commitment }] },
  ]);
  actor.hear(block(committed()));
  const { commitment: _, ...shown } = OUTCOME;
  expect(submitted(actor.hear(flush))).toEqual([{ type: 'reveal', reveals: [{ unit: UNIT, attempt: 1, ...shown }] }]);
  expect(asked(actor.hear(block(audited(ME, [OTHER, OTHER]))))).toEqual([`sandbox open:${UNIT}#1`]);
  const openings = [{ index: 2, result: bytes(64, 5), proof: [bytes(32, 6)] }];
  actor.hear(done('sandbox', `open:${UNIT}#1`, { openings }));
  expect(submitted(actor.hear(flush))).toEqual([{ type: 'audit.open', opens: [{ unit: UNIT, attempt: 1, openings }] }]);
  actor.hear(block(settled()));
  expect(actor.data.attempts).toEqual({});
  expect(actor.state).toBe('idle');
});

test('a unit of another worker that it must audit is recomputed where the beacon says, and reported', () => {
  const [effect] = actor.hear(block(audited(OTHER, [ME, OTHER])));
  expect(effect).toMatchObject({
    type: 'io',
    key: `audit:${UNIT}#1`,
    request: { action: 'recompute', indices: [2, 5] },
  });
  const results = [{ index: 2, result: bytes(64, 7) }];
  actor.hear(done('sandbox', `audit:${UNIT}#1`, { results }));
  expect(submitted(actor.hear(flush))).toEqual([
    { type: 'audit.report', reports: [{ unit: UNIT, attempt: 1, results }] },
  ]);
  expect(actor.state).toBe('idle');
});

test('nothing is revealed before the commitment is final', () => {
  reach.committing();
  expect(submitted(actor.hear(flush))).toEqual([]);
  expect(actor.data.attempts[`${UNIT}#1`]?.phase).toBe('committing');
});

test('results that are ready together share a transaction, and a full batch is not exceeded', () => {
  const units = Array.from({ length: MAX_BATCH_ITEMS + 1 }, (_, index) => `${JOB}/${index}`);
  actor.hear(block(...units.map((unit) => drawn(unit))));
  const timers = units.flatMap((unit) => actor.hear(ran(unit)));
  expect(timers).toHaveLength(1);
  const bodies = submitted(actor.hear(flush));
  expect(bodies.map((body) => body.type === 'commit' && body.commits.length)).toEqual([MAX_BATCH_ITEMS, 1]);
});

test('an attempt that ended while it was computed is not committed', () => {
  reach.computing();
  actor.hear(block(requeued));
  expect(actor.hear(ran())).toEqual([]);
  expect(actor.state).toBe('idle');
});

test('a unit that is drawn for it again is another attempt', () => {
  reach.computing();
  actor.hear(block(requeued, drawn(UNIT, ME, 2)));
  expect(Object.keys(actor.data.attempts)).toEqual([`${UNIT}#2`]);
  expect(actor.hear(ran(UNIT, 1))).toEqual([]);
});

test('a computation that fails is logged and left to its deadline', () => {
  reach.computing();
  expect(actor.hear(failed('sandbox', `run:${UNIT}#1`, 'SANDBOX_CRASHED'))).toEqual([
    { type: 'log', level: 'warn', message: 'sandbox failed', data: { key: `run:${UNIT}#1`, code: 'SANDBOX_CRASHED' } },
  ]);
  expect(actor.data.attempts[`${UNIT}#1`]?.phase).toBe('computing');
});

/** Every state against every event: what it orders, and the phase of its attempt after it; nothing said: nothing changes. */
const EVENTS = {
  'a draw for another': block(drawn(UNIT, OTHER)),
  'a commit of another': block(committed(UNIT, OTHER)),
  'its commit': block(committed()),
  'its result': ran(),
  'a result of a unit that it does not have': ran(`${JOB}/9`),
  'an audit of others': block(audited(OTHER, [OTHER, OTHER])),
  'its pay': block(settled()),
  'another’s pay': block(settled(OTHER)),
  'its failure': block(requeued),
  'another timer': fired('other'),
  'its flush timer': flush,
  mail: { type: 'message', kind: 'other.v1', from: OTHER, body: null } satisfies Told,
} as const;
const CHANGES: Readonly<Record<Where, Partial<Record<keyof typeof EVENTS, string | undefined>>>> = {
  idle: {},
  computing: { 'its result': 'committing', 'its pay': undefined, 'its failure': undefined },
  computed: {
    'its commit': 'revealed',
    'its pay': undefined,
    'its failure': undefined,
    'its flush timer': 'committing',
  },
  committing: { 'its commit': 'revealed', 'its pay': undefined, 'its failure': undefined },
  revealing: { 'its pay': undefined, 'its failure': undefined, 'its flush timer': 'revealed' },
  revealed: { 'its pay': undefined, 'its failure': undefined },
};

describe.each(Object.keys(CHANGES) as Where[])('while %s', (where) => {
  test.each(Object.keys(EVENTS) as (keyof typeof EVENTS)[])('%s', (name) => {
    reach[where]();
    const before = actor.snapshot;
    actor.hear(EVENTS[name]);
    const isChange = name in CHANGES[where];
    const phase = (before.context as { d: WorkerData }).d.attempts[`${UNIT}#1`]?.phase;
    expect(actor.snapshot === before).toBe(!isChange);
    expect(actor.data.attempts[`${UNIT}#1`]?.phase).toBe(isChange ? CHANGES[where][name] : phase);
  });
});
