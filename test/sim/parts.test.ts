// The simulator's parts: a clock that orders, a disk that forgets, signatures that nobody else can make, plans within the rules.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createPrng } from '#machines/primitives/prng.ts';
import { quorum } from '#machines/primitives/quorum.ts';
import { createDisk } from '#runtime/sim/disk.ts';
import { drawPlan } from '#runtime/sim/draw-plan.ts';
import { createEventQueue } from '#runtime/sim/event-queue.ts';
import { createNetwork } from '#runtime/sim/network.ts';
import type { Plan } from '#runtime/sim/plan.ts';
import { createTrace } from '#runtime/sim/trace.ts';
import { twinBeacon, twinCrypto, twinKey } from '#runtime/sim/twin-crypto.ts';

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

test('events come out by time, and in the order of insertion where times are equal', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20)), (times) => {
      const queue = createEventQueue<{ readonly at_ms: number; readonly i: number }>();
      const events = times.map((at_ms, i) => ({ at_ms, i }));
      for (const event of events) queue.push(event.at_ms, event);
      expect(times.map(() => queue.pop())).toEqual(events.toSorted((a, b) => a.at_ms - b.at_ms));
    }),
  );
});

test('the clock stands at the time of the event popped last', () => {
  const queue = createEventQueue<string>();
  queue.push(70, 'late');
  queue.push(3, 'early');
  expect([queue.pop(), queue.now_ms, queue.pop(), queue.now_ms, queue.pop()]).toEqual([
    'early',
    3,
    'late',
    70,
    undefined,
  ]);
});

test('a crash loses what was written and not synced, unless the disk kept it', async () => {
  const read = async (keeps: boolean): Promise<unknown> => {
    const disk = createDisk();
    disk.write([{ type: 'put', key: 'a', value: Uint8Array.of(1) }]);
    disk.sync();
    disk.write([{ type: 'put', key: 'a', value: Uint8Array.of(2) }]);
    disk.crash(keeps);
    return disk.store.get('a');
  };
  expect(await read(false)).toEqual(Uint8Array.of(1));
  expect(await read(true)).toEqual(Uint8Array.of(2));
});

test('a process reads what it wrote before that is synced', async () => {
  const disk = createDisk();
  disk.write([{ type: 'put', key: 'a', value: Uint8Array.of(1) }]);
  expect(await disk.store.get('a')).toEqual(Uint8Array.of(1));
});

test('a twin signature verifies for its key and message and for no other', () => {
  const key = twinKey(0, 1);
  const message = Uint8Array.of(1, 2, 3, 4, 5);
  const signature = twinCrypto.sign(key, message);
  expect(twinCrypto.verify(key, message, signature)).toBe(true);
  expect(twinCrypto.verify(twinKey(0, 2), message, signature)).toBe(false);
  expect(twinCrypto.verify(key, Uint8Array.of(1, 2, 3, 4, 6), signature)).toBe(false);
  expect(twinCrypto.verify(key, message, signature.with(7, (signature[7] ?? 0) ^ 1))).toBe(false);
  expect(twinCrypto.verifyBeacon(key, message, twinBeacon(key, message))).toBe(true);
  expect(twinCrypto.verifyBeacon(twinKey(0, 2), message, twinBeacon(key, message))).toBe(false);
});

test('twin hashes of ten thousand inputs differ', () => {
  const hashes = Array.from({ length: 10_000 }, (_, i) => twinCrypto.sha256(Uint8Array.of(i, i >>> 8)).join());
  expect(new Set(hashes).size).toBe(10_000);
});

test('a plan keeps Byzantine power below a third, and its core is a quorum of correct validators', () => {
  for (let seed = 0; seed < 2_000; seed++) {
    const { kind, powers, byzantine, core } = drawPlan(seed);
    if (kind === 'beyond' || kind === 'epochs') continue;
    const power = (nodes: Iterable<number>): number => sum([...nodes].map((node) => powers[node] ?? Number.NaN));
    expect(3 * power(Object.keys(byzantine).map(Number))).toBeLessThan(sum(powers));
    expect(3 * power(core)).toBeGreaterThan(2 * sum(powers));
    expect(core.some((node) => node in byzantine)).toBe(false);
  }
});

test('where the set changes, who is unreliable has less than half the power of who stays in every set', () => {
  const asked = new Set<string>();
  for (let seed = 0; seed < 500; seed++) {
    const { powers, founders, requests, byzantine, core } = drawPlan(seed, 'epochs');
    const power = (nodes: readonly number[]): number => sum(nodes.map((node) => powers[node] ?? Number.NaN));
    const stops = requests.filter((request) => request.stops).map(({ node }) => node);
    const lost = [...powers.keys()].filter(
      (node) => node in byzantine || !(core.includes(node) || stops.includes(node)),
    );
    const firm = [...powers.keys()].slice(0, founders ?? 0);
    const stay = firm.filter((node) => core.includes(node) && requests.every((request) => request.node !== node));
    expect(lost.length === 0 || 2 * power(lost) < power(stay)).toBe(true);
    expect(core.some((node) => node in byzantine)).toBe(false);
    for (const { asks, stops: isLast } of requests) asked.add(`${asks} ${isLast}`);
  }
  expect([...asked].toSorted()).toEqual(['join false', 'leave false', 'leave true']);
});

test('beyond a third, two quorums may share Byzantine power alone, and each holds somebody correct', () => {
  for (let seed = 0; seed < 500; seed++) {
    const { powers, byzantine, core, partitions } = drawPlan(seed, 'beyond');
    const guilty = Object.keys(byzantine).length;
    expect(guilty).toBeGreaterThanOrEqual(2 * quorum(powers.length) - powers.length);
    expect(guilty).toBeLessThan(quorum(powers.length));
    expect(core).toHaveLength(powers.length - guilty);
    expect(partitions.every(({ from, to }) => (from & to) === 0 && from > 0 && to > 0)).toBe(true);
  }
});

test('the swarm has both kinds of liar, every moment of a crash, cut links, and schedules without any fault', () => {
  const plans = Array.from({ length: 500 }, (_, seed) => drawPlan(seed));
  const seen = (has: (plan: Plan) => boolean): boolean => plans.some(has);
  for (const style of ['twins', 'forger'] as const)
    expect(seen(({ byzantine }) => Object.values(byzantine).some((faulty) => faulty.style === style))).toBe(true);
  for (const moment of ['before_sync', 'after_sync', 'mid_publish'] as const) {
    expect(seen(({ crashes }) => crashes.some((crash) => crash.moment === moment))).toBe(true);
  }
  expect(seen(({ partitions }) => partitions.some((cut) => !cut.isSymmetric))).toBe(true);
  expect(
    seen(
      ({ lossOf1024, partitions, crashes, filters, byzantine }) =>
        lossOf1024 + partitions.length + crashes.length + filters.length + Object.keys(byzantine).length === 0,
    ),
  ).toBe(true);
});

test('a cut link carries nothing in the cut direction, and everything after the heal', () => {
  const cut = { start_ms: 0, end_ms: 100, from: 0b0001, to: 0b0010, isSymmetric: false };
  const quiet = {
    lossOf1024: 0,
    duplicateOf1024: 0,
    filters: [],
    delay: { least_ms: 1, spread_ms: 1, slowOf1024: 0, slow_ms: 1 },
  };
  const network = createNetwork({ ...drawPlan(1), ...quiet, partitions: [cut] }, createPrng(1));
  const message = { type: 'transaction', bytes: new Uint8Array(0) } as const;
  expect(network.arrivals(0, 1, message, 50)).toEqual([]);
  expect(network.arrivals(1, 0, message, 50)).toEqual([51]);
  expect(network.arrivals(0, 1, message, 100)).toEqual([101]);
  network.heal();
  expect(network.arrivals(0, 1, message, 50)).toHaveLength(1);
});

test('the trace depends on order', () => {
  const digest = (...values: number[]): string => {
    const trace = createTrace();
    for (const value of values) trace.add(value);
    return trace.digest();
  };
  expect(digest(1, 2)).not.toBe(digest(2, 1));
  expect(digest(1, 2)).toBe(digest(1, 2));
});
