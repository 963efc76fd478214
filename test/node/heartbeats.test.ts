// Heartbeats: heard from whom the ledger knows, fresh and signed; told at once when somebody comes back, else once an interval.
import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { MemoryBroker } from '#runtime/bus/memory-bus.ts';
import { verify } from '#runtime/keys/ed25519.ts';
import { collectHeartbeats, type Standing, startHeartbeats } from '#runtime/node/heartbeats.ts';
import type { Code } from '#schemas/wire/codes.ts';
import { HEARTBEAT_INTERVAL_MS, MAX_HEARTBEAT_AGE_MS } from '#schemas/wire/limits.ts';
import { subject } from '#schemas/wire/subjects.ts';
import { CHAIN, signerOf, TestClock } from '../host/world.ts';

const ada = signerOf('ada');
const INTERVAL_MS = 10_000;
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A shuffler's ear, and who is how known to its ledger. */
function ear(standing: Standing = 'there') {
  const broker = new MemoryBroker();
  const clock = new TestClock();
  const refused: Code[] = [];
  const known = new Map<string, Standing>([[ada.id, standing]]);
  const collector = collectHeartbeats({
    chain: CHAIN,
    bus: broker.connect('shuffler'),
    clock,
    verify,
    standing: (id) => known.get(id) ?? 'unknown',
    onRefused: (code) => refused.push(code),
  });
  const stop = new AbortController();
  const listen = () =>
    collector.port({ interval_ms: INTERVAL_MS }, { key: 'heartbeats:1', actor: 'shuffler', signal: stop.signal });
  const beat = async (who = ada, at_clock: { now_ms(): number } = clock, chain = CHAIN): Promise<void> => {
    const oneBeat = { now_ms: at_clock.now_ms.bind(at_clock), setTimer: () => () => undefined };
    startHeartbeats(chain, who, broker.connect(who.id), oneBeat, () => false)();
    await settle();
  };
  return { broker, clock, refused, known, collector, stop, listen, beat };
}
const shifted = (clock: TestClock, by_ms: number) => ({ now_ms: () => clock.now_ms() + by_ms });

test('who is there is told once an interval', async () => {
  const { clock, listen, beat } = ear();
  const told = listen();
  await beat();
  clock.advance(INTERVAL_MS);
  expect(await told).toMatchObject({ heartbeats: [{ worker: ada.id }] });
});

test('who comes back is told at once, with those who come with him', async () => {
  const { clock, listen, beat, known } = ear('away');
  const bob = signerOf('bob');
  known.set(bob.id, 'away');
  const told = listen();
  await beat();
  await beat(bob);
  clock.advance(250);
  expect(await told).toMatchObject({ heartbeats: [{ worker: ada.id }, { worker: bob.id }] });
});

test('each is told once', async () => {
  const { clock, listen, beat } = ear();
  await beat();
  const first = listen();
  clock.advance(INTERVAL_MS);
  await first;
  const second = listen();
  clock.advance(INTERVAL_MS);
  expect(await second).toEqual({ heartbeats: [] });
});

test.each([
  ['of a worker that the ledger does not know', 'HEARTBEAT_INVALID', ({ beat }) => beat(signerOf('stranger'))],
  ['for another chain', 'HEARTBEAT_INVALID', ({ beat, clock }) => beat(ada, clock, 'd'.repeat(64))],
  ['that is too old', 'HEARTBEAT_STALE', ({ beat, clock }) => beat(ada, shifted(clock, -MAX_HEARTBEAT_AGE_MS - 1))],
  ['of the future', 'HEARTBEAT_AHEAD', ({ beat, clock }) => beat(ada, shifted(clock, MAX_HEARTBEAT_AGE_MS + 1))],
  [
    'of the wrong length',
    'HEARTBEAT_INVALID',
    async ({ broker }) => {
      broker.connect(ada.id).cast(subject.heartbeat(ada.id), new Uint8Array(103));
      await settle();
    },
  ],
] as const satisfies readonly (readonly [string, Code, (e: ReturnType<typeof ear>) => Promise<void>])[])(
  'a heartbeat %s is refused with %s',
  async (_name, code, send) => {
    const heard = ear();
    await send(heard);
    expect(heard.refused).toEqual([code]);
  },
);

test('a heartbeat that is repeated is refused', async () => {
  const { beat, refused } = ear();
  await beat();
  await beat();
  expect(refused).toEqual(['HEARTBEAT_STALE']);
});

test('a node that drains ends the wait, and nothing stays on its signal', async () => {
  const { clock, listen, stop } = ear();
  for (let intervals = 0; intervals < 20; intervals++) {
    const told = listen();
    clock.advance(INTERVAL_MS);
    await told;
  }
  expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
  const last = listen();
  stop.abort();
  expect(await last).toEqual({ heartbeats: [] });
});

test('a worker beats at once and then every interval, until it is told to stop', async () => {
  const broker = new MemoryBroker();
  const clock = new TestClock();
  let heard = 0;
  broker.connect('shuffler').subscribe(subject.heartbeatAll, () => heard++);
  const stop = startHeartbeats(CHAIN, ada, broker.connect(ada.id), clock, () => false);
  for (const _ of [1, 2, 3]) clock.advance(HEARTBEAT_INTERVAL_MS);
  stop();
  clock.advance(HEARTBEAT_INTERVAL_MS);
  await settle();
  expect(heard).toBe(4);
});

test('a worker that counts as away beats again soon, at doubling pauses, until it counts as there', async () => {
  const broker = new MemoryBroker();
  const clock = new TestClock();
  const heard_ms: number[] = [];
  const begin_ms = clock.now_ms();
  let isAway = true;
  broker.connect('shuffler').subscribe(subject.heartbeatAll, () => heard_ms.push(clock.now_ms() - begin_ms));
  const stop = startHeartbeats(CHAIN, ada, broker.connect(ada.id), clock, () => isAway);
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 500) {
      await settle();
      clock.advance(500);
    }
    await settle();
  };
  await pass(8_000);
  expect(heard_ms).toEqual([0, 500, 1_500, 3_500, 7_500]);
  isAway = false;
  await pass(8_000);
  expect(heard_ms.slice(5)).toEqual([15_500]);
  await pass(10_000);
  expect(heard_ms.slice(6)).toEqual([25_500]);
  stop();
});
