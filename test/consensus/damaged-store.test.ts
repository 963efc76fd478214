// What a validator does over a damaged database: it refuses to start, or observes until it can contradict nothing that it said.
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { claimStore, noteBeside } from '#runtime/keys/claim-store.ts';
import { openRocksStore } from '#runtime/store/rocks-store.ts';
import type { Store } from '#runtime/store/store.ts';
import { SIGNATURE_BYTES } from '#schemas/wire/signed.ts';
import { Hosts } from './hosts.ts';

// On a machine that is too busy for the timeouts, heights take several rounds: slow, not stuck.
vi.setConfig({ testTimeout: 60_000 });

let dir: string;
let hosts: Hosts;
/** Heights at which validator 3 has said something of its own since it was started last. */
let spoke: Set<number>;
const db = (): string => join(dir, 'db');
const note = () => noteBeside(join(dir, 'validator.seed'));
const heightOf = (i: number): number => hosts.host(i).validator?.tip.height ?? 0;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sortition-damage-'));
  hosts = new Hosts(4);
  const openMemory = hosts.openStore;
  hosts.openStore = (host) => (host.index === 3 ? openRocksStore(db()) : openMemory(host));
  const { id } = hosts.host(3).key;
  hosts.broker.connect('listener').subscribe(`cs.v1.*.*.*.${id}`, ({ subject }) => {
    if (/vote|proposal/.test(subject)) spoke.add(Number(subject.split('.')[2]));
  });
});
afterEach(async () => {
  await hosts.close();
  await hosts.host(3).store.close();
  await rm(dir, { recursive: true, force: true });
});

/** Start validator 3 as a node does: the note beside its key says whether it may trust its database. */
async function start(): Promise<void> {
  const store = await openRocksStore(db());
  const isFirst = await claimStore(store, note());
  await store.close();
  spoke = new Set();
  await hosts.start(3, isFirst);
}

async function stop(): Promise<void> {
  await hosts.stop(3);
  await hosts.host(3).store.close();
}

async function decide(height: number, live: readonly number[]): Promise<void> {
  hosts.submit(`tx ${height}`);
  await hosts.until(() => live.every((i) => heightOf(i) >= height));
}

/** Two heights are decided, and validator 3 goes down with its votes of the third on its disk: 0 and 3 alone are no quorum. */
async function stopWithVotes(): Promise<void> {
  for (const i of [0, 1, 2]) await hosts.start(i);
  await start();
  for (const height of [1, 2]) await decide(height, [0, 1, 2, 3]);
  for (const i of [1, 2]) await hosts.stop(i);
  hosts.submit('stuck');
  await hosts.until(() => spoke.has(3));
  await stop();
}

/** The others come back and decide the third height. The first height at which validator 3 speaks again: nobody was accused by then. */
async function firstSpoken(): Promise<number> {
  for (const i of [1, 2]) await hosts.start(i);
  await hosts.until(() => [0, 1, 2, 3].every((i) => heightOf(i) >= 3));
  for (let height = 4; spoke.size === 0; height++) await decide(height, [0, 1, 2, 3]);
  expect(hosts.all.flatMap(({ halts }) => halts)).toEqual([]);
  expect(hosts.all.flatMap(({ evidence }) => evidence)).toEqual([]);
  return Math.min(...spoke);
}

type Row = readonly [key: string, value: Uint8Array];
async function rowsOf(store: Store, prefix: string): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const row of store.scan(prefix)) rows.push([row[0], row[1].slice()]);
  return rows;
}
const put = (store: Store, [key, value]: Row): Promise<void> => store.batch([{ type: 'put', key, value }]);
const flipped = ([key, value]: Row): Row => [key, value.with(9, (value[9] ?? 0) ^ 4)];
async function edit(change: (store: Store) => Promise<void>): Promise<void> {
  const store = await openRocksStore(db());
  await change(store);
  await store.close();
}
const logOf = async (store: Store): Promise<[first: Row, last: Row]> => {
  const rows = await rowsOf(store, 'cs/log/');
  return [rows[0], rows.at(-1)] as [Row, Row];
};

test('a torn last record of the log: it observes the height that it may have voted in', async () => {
  await stopWithVotes();
  await edit(async (store) => {
    const [, signer] = (await rowsOf(store, 'cs/signer'))[0] as Row;
    const rows = await rowsOf(store, 'cs/log/');
    // What a clean end appended after its last word was not there yet.
    const last = rows.findIndex(([, value]) =>
      Buffer.from(value).includes(Buffer.from(signer).subarray(-SIGNATURE_BYTES)),
    );
    await store.batch(rows.slice(last + 1).map(([key]) => ({ type: 'del', key })));
    const [key, value] = rows[last] as Row;
    await put(store, [key, value.subarray(0, value.length - 3)]);
  });
  await start();
  expect(await firstSpoken()).toBeGreaterThan(3);
});

test('a log that lost all its rows: it observes', async () => {
  await stopWithVotes();
  await edit(async (store) => {
    await store.batch((await rowsOf(store, 'cs/log/')).map(([key]) => ({ type: 'del', key })));
  });
  await start();
  expect(await firstSpoken()).toBeGreaterThan(3);
});

test('a flipped bit within the log, a missing row, a flipped bit of the signer: it refuses to start', async () => {
  await stopWithVotes();
  const whole = await openRocksStore(db());
  const rows = await rowsOf(whole, 'cs/');
  const [first] = await logOf(whole);
  const signer = rows.find(([key]) => key === 'cs/signer') as Row;
  await whole.close();
  // A second row, so that the first one is not the last.
  const second: Row = [first[0].replace(/0$/, '1'), first[1]];
  const damages: readonly ((store: Store) => Promise<void>)[] = [
    async (store) => {
      await put(store, second);
      await put(store, flipped(first));
    },
    async (store) => {
      await put(store, second);
      await store.batch([{ type: 'del', key: first[0] }]);
    },
    (store) => put(store, flipped(signer)),
  ];
  for (const damage of damages) {
    await edit(damage);
    await expect(start()).rejects.toMatchObject({ code: 'LOG_CORRUPT' });
    await hosts.host(3).store.close();
    await edit(async (store) => {
      await store.batch([{ type: 'del', key: second[0] }]);
      for (const row of rows) await put(store, row);
    });
  }
  spoke = new Set();
  await start();
  expect(hosts.host(3).validator?.position.height).toBe(3);
});

test('a lost database: it observes', async () => {
  await stopWithVotes();
  await rm(db(), { recursive: true });
  await start();
  expect(await firstSpoken()).toBeGreaterThan(3);
});

test('an older backup of the database: it observes, and contradicts nothing that it said since', async () => {
  for (const i of [0, 1, 2]) await hosts.start(i);
  await start();
  await decide(1, [0, 1, 2, 3]);
  await stop();
  await cp(db(), join(dir, 'backup'), { recursive: true });
  await start();
  await decide(2, [0, 1, 2, 3]);
  for (const i of [1, 2]) await hosts.stop(i);
  hosts.submit('stuck');
  await hosts.until(() => spoke.has(3));
  await stop();
  await rm(db(), { recursive: true });
  await cp(join(dir, 'backup'), db(), { recursive: true });
  await start();
  expect(await firstSpoken()).toBeGreaterThan(3);
});
