// The worker's machine, event by event: it computes what was drawn, commits before it reveals, and answers audits.
import { beforeEach, describe, expect, test } from 'vitest';
import { worker } from '#actors/work/worker.actor.ts';
import { noResults } from '#machines/work/worker-results.ts';
import type { Effect } from '#schemas/node/host.ts';
import type { LedgerEvent } from '#schemas/settlement/state.ts';
import type { Reveal } from '#schemas/settlement/transaction.ts';
import { freeze } from '#schemas/snapshots/shape.ts';
import { WORKER_V1, type WorkerData } from '#schemas/snapshots/worker-v1.ts';
import { MAX_AUDIT_SUB_UNITS, MAX_BATCH_ITEMS, MAX_TX_BYTES } from '#schemas/wire/limits.ts';
import { encode } from '#schemas/wire/msgpack.ts';
import type { BatchRequest } from '#schemas/work/sandbox.ts';
import { block, done, failed, fired, Stepping, started, submitted, type Told } from './stepping.ts';

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
const requeued: LedgerEvent = { type: 'unit.requeued', unit: UNIT, attempt: 1, worker: ME, reason: 'late' };
/** What the sandbox says to a call of a block's works. */
const answered = (...answers: readonly object[]): Told => done('sandbox', 'block:7:0', { answers });
const place = (unit = UNIT, attempt = 1) => ({ unit, attempt });
const result = (unit = UNIT, attempt = 1) => ({ action: 'run', ...place(unit, attempt), ...OUTCOME });
const ran = (unit = UNIT, attempt = 1): Told => answered(result(unit, attempt));
/** What it will reveal, and bodies with the results of one kind alone. */
const { root, output_hash, fuel, salt, suspects } = OUTCOME;
const shown: Reveal = [UNIT, 1, root, output_hash, fuel, salt, suspects];
const alone = (results: object) => ({ type: 'results', ...noResults(), ...results });
const commit = alone({ commits: [[UNIT, 1, OUTCOME.commitment]] });

let actor: Stepping<WorkerData>;
beforeEach(() => {
  actor = new Stepping(worker, ME);
  actor.hear(started);
});

/** Bring the worker to where its attempt stands. */
const reach = {
  idle: () => {},
  computing: () => void actor.hear(block(drawn())),
  committing: () => {
    reach.computing();
    actor.hear(ran());
  },
  revealed: () => {
    reach.committing();
    actor.hear(block(committed()));
  },
} as const;
type Where = keyof typeof reach;

/** The works of each call that it orders, by action and unit. */
const called = (effects: readonly Effect[]) =>
  effects.flatMap((e) =>
    e.type === 'io' ? [(e.request as BatchRequest).works.map(({ action, unit }) => `${action} ${unit}`)] : [],
  );

test('a unit that was drawn for it is computed, committed, revealed, forgotten when it is shown, and opened', () => {
  expect(called(actor.hear(block(drawn())))).toEqual([[`run ${UNIT}`]]);
  expect(actor.state).toBe('working');
  expect(submitted(actor.hear(ran()))).toEqual([commit]);
  expect(submitted(actor.hear(block(committed())))).toEqual([alone({ reveals: [shown] })]);
  expect(actor.data.attempts).toEqual([]);
  expect(actor.state).toBe('idle');
  expect(called(actor.hear(block(audited(ME, [OTHER, OTHER]))))).toEqual([[`open ${UNIT}`]]);
  const openings = [[bytes(64, 5), [bytes(32, 6)]]];
  expect(submitted(actor.hear(answered({ action: 'open', ...place(), openings })))).toEqual([
    alone({ opens: [[UNIT, 1, openings]] }),
  ]);
});

test('a unit of another worker that it must audit is recomputed where the beacon says, and reported', () => {
  const [effect] = actor.hear(block(audited(OTHER, [ME, OTHER])));
  expect(effect).toMatchObject({ type: 'io', request: { works: [{ action: 'report', indices: [2, 5] }] } });
  const digest = bytes(32, 7);
  expect(submitted(actor.hear(answered({ action: 'report', ...place(), digest })))).toEqual([
    alone({ reports: [[UNIT, 1, digest]] }),
  ]);
  expect(actor.state).toBe('idle');
});

test('a reveal does not wait for the sandbox; commits, openings and reports that it answers together share a transaction', () => {
  reach.committing();
  const effects = actor.hear(block(committed(), drawn(`${JOB}/1`)));
  expect([called(effects), submitted(effects)]).toEqual([[[`run ${JOB}/1`]], [alone({ reveals: [shown] })]]);
  const openings = [[bytes(64, 5), [bytes(32, 6)]]];
  const digest = bytes(32, 7);
  const opened = { action: 'open', ...place(), openings };
  const reported = { action: 'report', ...place(`${JOB}/2`), digest };
  expect(submitted(actor.hear(answered(reported, result(`${JOB}/1`), opened)))).toEqual([
    alone({
      commits: [[`${JOB}/1`, 1, OUTCOME.commitment]],
      opens: [[UNIT, 1, openings]],
      reports: [[`${JOB}/2`, 1, digest]],
    }),
  ]);
});

test('nothing is revealed before the commitment is final', () => {
  reach.committing();
  expect(submitted(actor.hear(fired('other')))).toEqual([]);
  expect(actor.data.attempts).toEqual([shown]);
});

test.each([
  ['of nothing', undefined],
  ['of another shape', { root, output_hash }],
  ['with a short root', shown.with(2, bytes(31, 2))],
  ['without its salt', shown.toSpliced(5, 1)],
  ['with something more', [...shown, 1]],
])('an attempt %s is not written', (_what, attempt) => {
  const written = (...attempts: readonly unknown[]) =>
    freeze(WORKER_V1, { kind: 'worker', seq: 1, value: 'working', context: { d: { id: ME, attempts } } });
  expect(written(shown, [UNIT, 2]).ok).toBe(true);
  expect(written(shown, attempt)).toMatchObject({ code: 'SNAPSHOT_MALFORMED' });
});

const units = (count: number) => Array.from({ length: count }, (_, index) => `${JOB}/${index}`);

test('works of one block share calls, their results transactions, and a full batch is not exceeded', () => {
  const many = units(MAX_BATCH_ITEMS + 1);
  const calls = called(actor.hear(block(...many.map((unit) => drawn(unit)))));
  expect(calls.map((works) => works.length)).toEqual([MAX_BATCH_ITEMS, 1]);
  const bodies = submitted(actor.hear(answered(...many.map((unit) => result(unit)))));
  expect(bodies.map((body) => body.type === 'results' && body.commits.length)).toEqual([MAX_BATCH_ITEMS, 1]);
});

test('what takes long to compute is called alone, so that no other result waits for it', () => {
  const long = units(2).map((unit) => ({ ...drawn(unit), kernel: 'collatz/v1', unit_log2: 40 }) as LedgerEvent);
  expect(called(actor.hear(block(...long)))).toEqual(units(2).map((unit) => [`run ${unit}`]));
});

test('the largest openings are split so that each transaction passes', () => {
  const openings = Array.from({ length: MAX_AUDIT_SUB_UNITS }, () => [
    bytes(64, 5),
    Array.from({ length: 8 }, () => bytes(32, 6)),
  ]);
  const bodies = submitted(
    actor.hear(answered(...units(64).map((unit) => ({ action: 'open', ...place(unit), openings })))),
  );
  const sizes = bodies.map((body) => encode(body).length);
  expect(Math.max(...sizes)).toBeLessThan(MAX_TX_BYTES);
  expect(bodies.flatMap((body) => (body.type === 'results' ? body.opens : []))).toHaveLength(64);
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
  expect(actor.data.attempts).toEqual([[UNIT, 2]]);
  expect(actor.hear(ran(UNIT, 1))).toEqual([]);
});

test.each([
  ['alone', answered({ action: 'failed', ...place(), code: 'SANDBOX_CRASHED' }), `${UNIT}#1`],
  ['with its call', failed('sandbox', 'block:7:0', 'SANDBOX_CRASHED'), 'block:7:0'],
])('a computation that fails %s is logged and left to its deadline', (_how, failure, key) => {
  reach.computing();
  expect(actor.hear(failure)).toEqual([
    { type: 'log', level: 'warn', message: 'sandbox failed', data: { key, code: 'SANDBOX_CRASHED' } },
  ]);
  expect(actor.data.attempts).toEqual([[UNIT, 1]]);
});

/** Every state against every event, and what is kept of its attempt after it; nothing said: nothing changes. */
const EVENTS = {
  'a draw for another': block(drawn(UNIT, OTHER)),
  'a commit of another': block(committed(UNIT, OTHER)),
  'its commit': block(committed()),
  'its result': ran(),
  'a result of a unit that it does not have': ran(`${JOB}/9`),
  'an audit of others': block(audited(OTHER, [OTHER, OTHER])),
  'its failure': block(requeued),
  'a timer': fired('other'),
  mail: { type: 'message', kind: 'other.v1', from: OTHER, body: null } satisfies Told,
} as const;
const CHANGES: Readonly<Record<Where, Partial<Record<keyof typeof EVENTS, WorkerData['attempts']>>>> = {
  idle: {},
  computing: { 'its result': [shown], 'its failure': [] },
  committing: { 'its commit': [], 'its failure': [] },
  revealed: {},
};

describe.each(Object.keys(CHANGES) as Where[])('while %s', (where) => {
  test.each(Object.keys(EVENTS) as (keyof typeof EVENTS)[])('%s', (name) => {
    reach[where]();
    const before = actor.snapshot;
    actor.hear(EVENTS[name]);
    const isChange = name in CHANGES[where];
    const kept = (before.context as { d: WorkerData }).d.attempts;
    expect(actor.snapshot === before).toBe(!isChange);
    expect(actor.data.attempts).toEqual(isChange ? CHANGES[where][name] : kept);
  });
});
