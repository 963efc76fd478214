// A key that is deployed twice by mistake: whoever hears a word of its own key that it never said stops, before it contradicts the other.
import { afterEach, expect, test, vi } from 'vitest';
import { Hosts } from './hosts.ts';

// On a machine that is too busy for the timeouts, heights take several rounds: slow, not stuck.
vi.setConfig({ testTimeout: 60_000 });

let open: Hosts | undefined;
afterEach(() => open?.close());

const heightOf = (hosts: Hosts, i: number): number => hosts.host(i).validator?.tip.height ?? 0;

async function startFour(): Promise<Hosts> {
  open = new Hosts(4);
  for (const i of [0, 1, 2, 3]) await open.start(i);
  return open;
}

test('a second machine with the key of a running validator makes one of them stop, and the network goes on', async () => {
  const hosts = await startFour();
  const copy = hosts.deployTwice(3);
  await hosts.start(copy);
  const both = [hosts.host(3), hosts.host(copy)];
  for (let height = 1; both.every(({ halts }) => halts.length === 0); height++) {
    hosts.submit(`tx ${height}`);
    await hosts.until(() => [0, 1, 2].every((i) => heightOf(hosts, i) >= height));
  }
  expect(new Set(both.flatMap(({ halts }) => halts))).toEqual(new Set(['KEY_IN_USE_TWICE']));
  const next = heightOf(hosts, 0) + 1;
  hosts.submit('after');
  await hosts.until(() => [0, 1, 2].every((i) => heightOf(hosts, i) >= next));
  expect([0, 1, 2].flatMap((i) => hosts.host(i).halts)).toEqual([]);
});

test('a word of its own key that it never said stops a validator; its own words coming back do not', async () => {
  const hosts = await startFour();
  for (let height = 1; height <= 3; height++) {
    hosts.submit(`tx ${height}`);
    await hosts.until(() => [0, 1, 2, 3].every((i) => heightOf(hosts, i) >= height));
  }
  expect(hosts.all.flatMap(({ halts }) => halts)).toEqual([]);
  hosts.sayTwice(3);
  await hosts.until(() => hosts.host(3).halts.length > 0);
  expect(hosts.all.map(({ halts }) => halts)).toEqual([[], [], [], ['KEY_IN_USE_TWICE']]);
});
