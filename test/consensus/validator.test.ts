// Hosted validators: agreement with real signatures and beacon, restart from the log, catching up, silence after a loss.
import { afterEach, expect, test, vi } from 'vitest';
import { MemoryDisk } from '#runtime/store/memory-store.ts';
import { LayoutReader } from '#schemas/consensus/fixed-layout.ts';
import { readSignedVote } from '#schemas/consensus/vote-codec.ts';
import { Hosts, stillClock } from './hosts.ts';

// On a machine that is too busy for the timeouts, heights take several rounds: slow, not stuck.
vi.setConfig({ testTimeout: 60_000 });

let open: Hosts | undefined;
afterEach(() => open?.close());

function start(): Hosts {
  open = new Hosts(4);
  return open;
}

const heightOf = (hosts: Hosts, i: number): number => hosts.host(i).validator?.tip.height ?? 0;

async function decide(hosts: Hosts, count: number, live: readonly number[]): Promise<void> {
  const goal = Math.max(...live.map((i) => heightOf(hosts, i))) + count;
  for (let height = goal - count + 1; height <= goal; height++) {
    hosts.submit(`tx ${height}`);
    await hosts.until(() => live.every((i) => heightOf(hosts, i) >= height));
  }
}

test('four hosted validators agree, and each header carries the beacon of the height before', async () => {
  const hosts = start();
  for (const i of [0, 1, 2, 3]) await hosts.start(i);
  await decide(hosts, 5, [0, 1, 2, 3]);
  const roots = hosts.all.map((host) => host.decided.map((d) => d.state_root).join());
  expect(new Set(roots).size).toBe(1);
  const beacons = hosts.host(0).decided.map((d) => d.header.beacon.length);
  expect(beacons.slice(0, 3)).toEqual([0, 96, 96]);
  expect(hosts.all.flatMap((host) => host.halts)).toEqual([]);
});

test('a stopped validator comes back, catches up and votes again', async () => {
  const hosts = start();
  for (const i of [0, 1, 2, 3]) await hosts.start(i);
  await decide(hosts, 2, [0, 1, 2, 3]);
  await hosts.stop(3);
  await decide(hosts, 3, [0, 1, 2]);
  await hosts.start(3);
  await hosts.until(() => heightOf(hosts, 3) >= 5);
  await hosts.stop(2);
  await decide(hosts, 1, [0, 1, 3]);
  expect(hosts.host(3).validator?.tip.id).toBe(hosts.host(0).validator?.tip.id);
});

test('all lose power with a block that none has synced: they decide the same one again, and go on', async () => {
  const hosts = start();
  for (const i of [0, 1, 2, 3]) await hosts.start(i);
  await decide(hosts, 3, [0, 1, 2, 3]);
  for (const i of [0, 1, 2, 3]) await hosts.cutPower(i);
  const tips: number[] = [];
  for (const i of [0, 1, 2, 3]) {
    await hosts.start(i);
    tips.push(heightOf(hosts, i));
  }
  // Whoever's precommit came first cannot have decided in that turn: its block was appended, and is gone.
  expect(Math.min(...tips)).toBe(2);
  await hosts.until(() => [0, 1, 2, 3].every((i) => heightOf(hosts, i) >= 3));
  await decide(hosts, 2, [0, 1, 2, 3]);
  const decided = hosts.all.flatMap((host) => host.decided.map((d) => `${d.height} ${d.final.certificate.value}`));
  expect(new Set(decided).size).toBe(5);
  expect(hosts.all.flatMap((host) => host.evidence)).toEqual([]);
});

test('a wiped validator catches up first and speaks only at later heights', async () => {
  const hosts = start();
  for (const i of [0, 1, 2, 3]) await hosts.start(i);
  await decide(hosts, 3, [0, 1, 2, 3]);
  await hosts.stop(3);
  hosts.host(3).disk = new MemoryDisk();
  await hosts.start(3, false);
  await decide(hosts, 4, [0, 1, 2, 3]);
  const votes = hosts
    .host(0)
    .decided.filter((d) => d.height <= 4)
    .flatMap((d) => d.final.certificate.votes.filter((v) => v.validator === 3 && d.height === 4));
  expect(votes).toEqual([]);
  expect(hosts.all.flatMap((host) => host.evidence)).toEqual([]);
  await hosts.stop(2);
  await decide(hosts, 1, [0, 1, 3]);
});

test('statuses, whoever repeats them, do not tell a wiped validator where the others are', async () => {
  const hosts = start();
  for (const i of [0, 1, 2, 3]) await hosts.start(i);
  await decide(hosts, 3, [0, 1, 2, 3]);
  await hosts.stop(2);
  await hosts.stop(3);
  for (const i of [0, 1, 2]) hosts.keepStatus(i, 1);
  hosts.host(3).disk = new MemoryDisk();
  const said: string[] = [];
  const ofThird = `cs.v1.*.*.*.${hosts.host(3).key.id}`;
  hosts.broker.connect('listener').subscribe(ofThird, (delivery) => said.push(delivery.subject));
  await hosts.start(3, false);
  hosts.submit('stuck'); // height 4, where it may have voted before: 0 and 1 alone are no quorum
  await hosts.until(() => heightOf(hosts, 3) === 3 && hosts.host(3).validator?.position.step === 'prevote');
  for (const i of [0, 1, 2]) hosts.keepStatus(i, 1); // live ones, as a broker could invent them
  await hosts.start(2);
  await decide(hosts, 1, [0, 1, 2]);
  const early = said.filter((word) => Number(word.split('.')[2]) <= 4 && /vote|proposal/.test(word));
  expect(early).toEqual([]);
});

test('a wiped validator that hears no status asks where the others are, and speaks again', async () => {
  const hosts = start();
  for (const i of [0, 1, 2, 3]) await hosts.start(i);
  await decide(hosts, 3, [0, 1, 2, 3]);
  await hosts.stop(3);
  hosts.host(3).disk = new MemoryDisk();
  hosts.broker.fate = (subject) => (subject.includes('.status.') ? 'drop' : 'deliver');
  await hosts.start(3, false);
  await decide(hosts, 4, [0, 1, 2, 3]);
  await hosts.stop(2);
  await decide(hosts, 1, [0, 1, 3]);
  expect(hosts.all.flatMap((host) => [...host.halts, ...host.evidence])).toEqual([]);
});

test('a liar that says how far behind it is, however often, makes nobody say more', async () => {
  const hosts = start();
  hosts.clock = stillClock;
  for (const i of [0, 1, 2, 3]) await hosts.start(i);
  await decide(hosts, 2, [0, 1, 2, 3]);
  const said: string[] = [];
  hosts.broker.connect('listener').subscribe('cs.v1.*.*.status.*', (delivery) => said.push(delivery.subject));
  for (let i = 0; i < 100; i++) hosts.keepStatus(3, 1);
  await decide(hosts, 1, [0, 1, 2, 3]);
  expect(said).toHaveLength(100);
});

test('a validator that lost its log, but not its signer record, is silent at the recorded height', async () => {
  const hosts = start();
  for (const i of [0, 1, 2, 3]) await hosts.start(i);
  await decide(hosts, 2, [0, 1, 2, 3]);
  await hosts.stop(2);
  await hosts.stop(3);
  hosts.submit('stuck'); // 0 and 1 vote at height 3 and wait for a quorum
  const { disk } = hosts.host(0);
  await hosts.until(() => hosts.host(0).validator?.position.step === 'prevote');
  await hosts.stop(0);
  for (const key of [...disk.rows.keys()].filter((row) => row.startsWith('cs/log/'))) disk.rows.delete(key);
  for (const i of [0, 2, 3]) await hosts.start(i);
  await decide(hosts, 2, [0, 1, 2, 3]);
  const certificate = hosts.host(1).decided.find(({ height }) => height === 3)?.final.certificate;
  expect(certificate?.votes.map((vote) => vote.validator).toSorted()).toEqual([1, 2, 3]);
  expect(hosts.all.flatMap((host) => [...host.halts, ...host.evidence])).toEqual([]);
});

test('a key deployed twice is named by evidence, and the chain goes on', async () => {
  const hosts = start();
  for (const i of [0, 1, 2, 3]) await hosts.start(i);
  await decide(hosts, 1, [0, 1, 2, 3]);
  hosts.sayTwice(3);
  await hosts.until(() => [0, 1, 2].every((i) => hosts.host(i).evidence.length > 0));
  await decide(hosts, 2, [0, 1, 2]);
  const guilty = hosts.host(0).evidence[0];
  expect(readSignedVote(new LayoutReader(guilty?.a ?? new Uint8Array(0))).validator).toBe(3);
});
