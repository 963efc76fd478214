// The archiver's machine, event by event: in order, one at a time, each order repeatable, nothing forgotten.
import { readFileSync } from 'node:fs';
import { beforeEach, expect, test } from 'vitest';
import type { AnyMachineSnapshot } from 'xstate';
import { archiver } from '#actors/settlement/archiver.actor.ts';
import { createStepper } from '#runtime/host/stepper.ts';
import type { Effect, HostEvent } from '#schemas/node/host.ts';
import type { ArchiverData } from '#schemas/snapshots/archiver-v1.ts';
import { freeze, thaw } from '#schemas/snapshots/shape.ts';
import { at } from '../archive/network.ts';

const ID = 'aa'.repeat(32);
const VALIDATORS = ['01', '02', '03', '04'].map((byte) => byte.repeat(32));
const ROOT = new Uint8Array(32).fill(9);
const stepper = createStepper(archiver.machine);

let snapshot: AnyMachineSnapshot;
let now_ms = 1_000;
beforeEach(() => {
  now_ms = 1_000;
  snapshot = stepper.start(ID).snapshot;
});

type Timeless<E> = E extends HostEvent ? Omit<E, 'now_ms'> : never;
/** Give the machine an event; the effects that it orders. */
function hear(event: Timeless<HostEvent>): readonly Effect[] {
  const { snapshot: next, effects } = stepper.step(snapshot, { ...event, now_ms } as HostEvent);
  snapshot = next;
  return effects;
}
const data = (): ArchiverData => (snapshot.context as { d: ArchiverData }).d;
const state = (): unknown => snapshot.value;

const close = (...seqs: number[]) =>
  hear({
    type: 'ledger.block',
    height: 1,
    time_ms: 1,
    events: seqs.map((seq) => ({ type: 'settlement.closed', seq })),
  });
const sealed = (seq: number) => ({
  seq,
  cid: `cid-${seq}`,
  ask: { size: seq + 1, root: ROOT, checkpoint: 'body', old_size: seq, proof: [] },
  validators: VALIDATORS,
  quorum: 3,
});
const seal = (seq: number, key = `seal:${seq}`) =>
  hear({ type: 'io.done', port: 'archive.seal', key, answer: sealed(seq) });
const reply = (validator: number, change: object = {}) =>
  hear({
    type: 'message',
    kind: 'cosign.reply.v1',
    from: at(VALIDATORS, validator),
    body: { ok: true, size: data().next_seq + 1, root: ROOT, time_s: 5, signature: new Uint8Array(64), ...change },
  });
const publish = (answer: unknown, key: string) => hear({ type: 'io.done', port: 'archive.publish', key, answer });
const published = (seq: number) => ({ ok: true, seq, cid: `cid-${seq}`, log_root: ROOT, folder: 'f' });
const wake = () => hear({ type: 'timer.fired', id: 'retry' });
const fail = (port: string, key: string) => hear({ type: 'io.failed', port, key, code: 'STORE_WRITE_FAILED' });
/** Bring the machine to a state. */
const reach = {
  idle: () => {},
  sealing: () => void close(0),
  collecting: () => {
    reach.sealing();
    seal(0);
  },
  publishing: () => {
    reach.collecting();
    for (const i of [0, 1, 2]) reply(i);
  },
};
const askedOf = (effects: readonly Effect[]) =>
  effects.flatMap((e) => (e.type === 'send' && e.kind === 'cosign.request.v1' ? [e.to] : []));
const keys = (effects: readonly Effect[]) => effects.flatMap((e) => (e.type === 'io' ? [e.key] : []));

test('a closed settlement is sealed, cosigned by three of four, published and stated to the ledger', () => {
  expect(keys(close(0))).toEqual(['seal:0']);
  expect(askedOf(seal(0))).toEqual(VALIDATORS);
  expect([reply(3), reply(1)]).toEqual([[], []]);
  const order = reply(0).find((e) => e.type === 'io');
  expect(order).toMatchObject({
    port: 'archive.publish',
    key: 'publish:0:0',
    request: { seq: 0, cosignatures: [{}, {}, {}] },
  });
  expect(publish(published(0), 'publish:0:0')).toContainEqual({
    type: 'submit',
    body: { type: 'settlement.archived', seq: 0, cid: 'cid-0', log_root: ROOT },
  });
  expect([state(), data()]).toMatchObject(['idle', { next_seq: 1, closed_seq: 0, sealed: null }]);
});

test('settlements that close meanwhile wait their turn, in order', () => {
  reach.publishing();
  expect(close(1, 2)).toEqual([]);
  expect(keys(publish(published(0), 'publish:0:0'))).toEqual(['seal:1']);
  expect(data()).toMatchObject({ next_seq: 1, closed_seq: 2, cosignatures: {}, distrusted: [] });
});

test('a block that repeats an old settlement changes nothing', () => {
  reach.publishing();
  publish(published(0), 'publish:0:0');
  const before = snapshot;
  expect(close(0)).toEqual([]);
  expect(snapshot).toBe(before);
});

test('one validator counts once, whatever it repeats', () => {
  reach.collecting();
  for (const i of [0, 0, 1, 1]) reply(i);
  expect(state()).toBe('collecting');
});

test.each([
  ['for another size', { size: 7 }],
  ['for another root', { root: new Uint8Array(32) }],
])('a reply %s does not count', (_, change) => {
  reach.collecting();
  for (const i of [0, 1, 2]) reply(i, change);
  expect(data().cosignatures).toEqual({});
});

test('a reply of somebody who is no validator does not count', () => {
  reach.collecting();
  hear({
    type: 'message',
    kind: 'cosign.reply.v1',
    from: 'ff'.repeat(32),
    body: { ok: true, size: 1, root: ROOT, time_s: 5, signature: new Uint8Array(64) },
  });
  expect(data().cosignatures).toEqual({});
});

test('a refusal is logged and asked again', () => {
  reach.collecting();
  const body = { ok: false, size: 1, code: 'COSIGN_SETTLEMENT_UNKNOWN' };
  expect(hear({ type: 'message', kind: 'cosign.reply.v1', from: at(VALIDATORS, 0), body })).toMatchObject([
    { type: 'log', data: { code: 'COSIGN_SETTLEMENT_UNKNOWN' } },
  ]);
  expect(askedOf(wake())).toEqual(VALIDATORS);
});

test('only the silent are asked again, after pauses that double up to a bound', () => {
  reach.collecting();
  reply(2);
  const pauses = Array.from({ length: 10 }, () => {
    const effects = wake();
    expect(askedOf(effects)).toEqual([0, 1, 3].map((i) => at(VALIDATORS, i)));
    const timer = effects.find((e) => e.type === 'timer.set');
    return timer === undefined ? 0 : timer.at_ms - now_ms;
  });
  expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000, 30_000, 30_000]);
});

test('a false cosignature is dropped, its validator not asked again, another one counts', () => {
  reach.publishing();
  const effects = publish({ ok: false, seq: 0, invalid: [at(VALIDATORS, 1)] }, 'publish:0:0');
  expect(state()).toBe('collecting');
  expect(askedOf(effects)).toEqual([at(VALIDATORS, 3)]);
  reply(1);
  expect(state()).toBe('collecting');
  expect(keys(reply(3))).toEqual(['publish:0:1']);
});

test.each([
  ['sealing', 'archive.seal', 'seal:0'],
  ['publishing', 'archive.publish', 'publish:0:0'],
] as const)('%s that fails is ordered again under its key, later and later', (where, port, key) => {
  reach[where]();
  expect(fail(port, key)).toEqual([{ type: 'timer.set', id: 'retry', at_ms: 1_500 }]);
  expect(keys(wake())).toEqual([key]);
  expect(fail(port, key)).toEqual([{ type: 'timer.set', id: 'retry', at_ms: 2_000 }]);
});

test.each(['idle', 'sealing', 'collecting', 'publishing'] as const)(
  'in %s what belongs to another step changes nothing',
  (where) => {
    reach[where]();
    const before = snapshot;
    const stray: Timeless<HostEvent>[] = [
      { type: 'io.done', port: 'archive.seal', key: 'seal:7', answer: sealed(7) },
      { type: 'io.done', port: 'archive.publish', key: 'publish:7:0', answer: published(7) },
      { type: 'timer.fired', id: 'other' },
      { type: 'message', kind: 'other.v1', from: at(VALIDATORS, 0), body: null },
      { type: 'ledger.block', height: 2, time_ms: 2, events: [] },
    ];
    if (where !== 'sealing' && where !== 'publishing')
      stray.push({ type: 'io.failed', port: 'archive.seal', key: 'seal:7', code: 'X' });
    expect(stray.flatMap(hear)).toEqual([]);
    expect(snapshot).toBe(before);
  },
);

test('cosignatures count by power', () => {
  reach.sealing();
  const powers = [4, 1, 1, 1];
  hear({ type: 'io.done', port: 'archive.seal', key: 'seal:0', answer: { ...sealed(0), powers, quorum: 5 } });
  for (const i of [1, 2, 3]) expect(keys(reply(i))).toEqual([]);
  expect(keys(reply(0))).toEqual(['publish:0:0']);
});

test('replies that come after the quorum change nothing', () => {
  reach.publishing();
  const before = snapshot;
  expect(reply(3)).toEqual([]);
  expect(snapshot).toBe(before);
});

test('a state that was frozen goes on where it was', () => {
  reach.collecting();
  reply(0);
  reply(1);
  snapshot = stepper.restore(stepper.persist(snapshot));
  expect(keys(reply(2))).toEqual(['publish:0:0']);
});

const GOLDEN = JSON.parse(
  readFileSync(new URL('../golden/settlement/archiver-v1.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, string>>;

test.each(['idle', 'sealing', 'collecting', 'publishing'] as const)(
  'snapshot v1 in %s stays readable, byte for byte, and steps on',
  (where) => {
    reach[where]();
    const { value, context } = stepper.persist(snapshot);
    const bytes = freeze(archiver.snapshot, { kind: 'archiver', seq: 1, value, context });
    expect(bytes.ok && Buffer.from(bytes.value).toString('hex')).toBe(GOLDEN[where]);
    const thawed = thaw(archiver.snapshot, 'archiver', Buffer.from(GOLDEN[where] ?? '', 'hex'));
    if (!thawed.ok) throw new Error(thawed.code);
    snapshot = stepper.restore(thawed.value);
    close(5);
    expect(data().closed_seq).toBe(5);
  },
);
