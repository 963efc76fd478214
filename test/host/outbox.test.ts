// The outbox by itself, in turns that a network brings about once in a million.
import { beforeEach, expect, test } from 'vitest';
import { epochAt, firstOf, isWorn } from '#runtime/host/counter.ts';
import { Outbox } from '#runtime/host/outbox.ts';
import { Changes } from '#runtime/host/rows.ts';
import { MemoryDisk, openMemoryStore } from '#runtime/store/memory-store.ts';
import { MAX_CHANNEL_IN_FLIGHT } from '#schemas/wire/limits.ts';
import { encode } from '#schemas/wire/msgpack.ts';

/** Counters of an epoch. */
const PLACES = 2 ** 25;
const NOW_MS = 1_800_000_000_000;
const [a, b] = ['a'.repeat(64), 'b'.repeat(64)];

let disk: MemoryDisk;
let outbox: Outbox;
let now_ms: number;

/** A life of the host over the disk. */
async function open(): Promise<void> {
  outbox = new Outbox(openMemoryStore(disk));
  await outbox.load(now_ms);
}

type Turn = {
  readonly acks?: readonly { watermark: number; life_ms: number }[];
  readonly messages?: readonly string[];
};

/** What a turn publishes: counter and text of each message. */
async function turn({ acks = [], messages = [] }: Turn): Promise<string[]> {
  const changes = new Changes();
  for (const ack of acks) await outbox.acknowledge(a, b, { ...ack, is_busy: false }, now_ms, changes);
  for (const text of messages) outbox.append(a, b, '', [text, new Uint8Array()], now_ms);
  outbox.write(changes);
  disk.append(changes.ops);
  disk.sync();
  const said: string[] = [];
  for await (const { items } of outbox.publishable(now_ms))
    for (const { counter, kind } of items) said.push(`${counter} ${kind}`);
  return said;
}

const counterOf = (said: string | undefined): number => Number(said?.split(' ')[0]);
const rows = (): number => [...disk.rows.keys()].filter((key) => key.startsWith('outbox/')).length;

beforeEach(async () => {
  disk = new MemoryDisk();
  now_ms = NOW_MS;
  await open();
});

test('two acknowledgements in one turn that both tell of lost numbers lose no message', async () => {
  const first = counterOf((await turn({ messages: ['one'] }))[0]);
  const told = await turn({
    acks: [
      { watermark: first + 2 * PLACES, life_ms: 1 },
      { watermark: first + 32 * PLACES, life_ms: 1 },
    ],
  });
  expect(told.map((said) => said.split(' ')[1])).toEqual(['one']);
  await open();
  expect(await turn({})).toEqual(told);
});

test('rows that are acknowledged before they were read back are deleted, and counted no more', async () => {
  const count = 3 * MAX_CHANNEL_IN_FLIGHT;
  const first = counterOf((await turn({ messages: Array.from({ length: count }, () => 'old') }))[0]);
  await open();
  expect(await turn({ acks: [{ watermark: first + count - 1, life_ms: 1 }] })).toEqual([]);
  expect(await turn({ messages: ['new'] })).toEqual([`${first + count} new`]);
  expect(await turn({ acks: [{ watermark: first + count, life_ms: 1 }], messages: ['last'] })).toHaveLength(1);
  expect([rows(), outbox.rows_count]).toEqual([1, 1]);
});

test('a worn epoch ends only when nothing of it is left on disk', async () => {
  const count = 3 * MAX_CHANNEL_IN_FLIGHT;
  const last = firstOf(epochAt(NOW_MS)) + PLACES / 2 + count - 10;
  disk.append([{ type: 'put', key: `channel/${a}/${b}`, value: encode(last - count + 1) }]);
  disk.sync();
  await open();
  await turn({ messages: Array.from({ length: count }, () => 'old') });
  await open();
  expect(isWorn(last)).toBe(true);
  // All is acknowledged before it was read back, in the turn that sends more.
  const acks = [{ watermark: last, life_ms: 1 }];
  await turn({ acks, messages: ['new'] });
  await open();
  const said = [...(await turn({ acks })), ...(await turn({ acks }))];
  expect(said.map((one) => one.split(' ')[1])).toEqual(['new']);
});

test('a clock that is set back does not hold up a repeat', async () => {
  const said = await turn({ messages: ['one'] });
  now_ms -= 3_600_000;
  expect(outbox.nextRepeat_ms(now_ms)).toBeLessThanOrEqual(now_ms);
  outbox.repeatDue(now_ms);
  expect(await turn({})).toEqual(said);
  expect(outbox.nextRepeat_ms(now_ms)).toBeGreaterThan(now_ms);
});

test('what was numbered before a clock was set back by days is acknowledged all the same', async () => {
  const first = counterOf((await turn({ messages: ['one'] }))[0]);
  now_ms -= 2 * 86_400_000;
  await turn({ acks: [{ watermark: first, life_ms: 1 }] });
  expect(outbox.of(a)).toEqual([]);
});

test('a receiver that claims numbers of a far epoch moves nothing', async () => {
  const said = await turn({ messages: ['one'] });
  await turn({ acks: [{ watermark: Number.MAX_SAFE_INTEGER, life_ms: 1 }] });
  expect(outbox.of(a)).toEqual([{ to: b, count: 1 }]);
  await open();
  expect(await turn({})).toEqual(said);
});
