// Validators that agree on bodies in parts: lost, withheld and falsified ones, and what a restart keeps.
import { afterEach, expect, test, vi } from 'vitest';
import { SOUND_PARTS } from '#machines/consensus/core.ts';
import type { Input } from '#machines/consensus/types.ts';
import { MAX_BLOCK_BYTES, MAX_MESSAGE_BYTES, MAX_TX_BYTES } from '#schemas/wire/limits.ts';
import { Hosts } from './hosts.ts';
import { type Filter, Network, validatorSet } from './network.ts';

vi.setConfig({ testTimeout: 60_000 });

const network = (): Network => new Network(4, { parts: { ...SOUND_PARTS, part_bytes: 16 } });
const TEXT = 'a transaction that takes several parts, since they are so small';
const isPart = (input: Input): input is Extract<Input, { type: 'part.received' }> => input.type === 'part.received';
const heights = (net: Network): number[] => net.nodes.map(({ core }) => core.tip.height);

/** Decide one height with a large body under this filter. */
function decide(filter: Filter, until_ms = 30_000): Network {
  const net = network().start();
  net.filter = filter;
  net.submit(TEXT);
  net.run(until_ms, () => heights(net).every((height) => height >= 1));
  return net;
}

test('a body of several parts is decided without anybody having to ask', () => {
  const seen = { parts: 0, asked: 0 };
  const net = decide((from, _to, input) => {
    if (isPart(input) && input.from === validatorSet(4)[0]?.id) seen.parts++;
    if (isPart(input) && from !== 0) seen.asked++;
    return true;
  });
  expect(heights(net)).toEqual([1, 1, 1, 1]);
  expect(seen.parts).toBeGreaterThan(3 * 3);
  expect(seen.asked).toBe(0);
  expect(net.nodes.map(({ finals }) => finals[0]?.certificate.round)).toEqual([0, 0, 0, 0]);
});

test('parts that are lost on the way are asked for, from several peers', () => {
  const helpers = new Set<number>();
  const net = decide((from, to, input) => {
    if (to !== 3 || !isPart(input)) return true;
    if (from === 0 && input.part.index > 0) return false;
    helpers.add(from);
    return true;
  });
  expect(heights(net)).toEqual([1, 1, 1, 1]);
  expect(helpers.size).toBeGreaterThan(1);
});

test('a leader that withholds a part from everybody loses its round, and no more', () => {
  const net = decide((from, _to, input) => !(isPart(input) && from === 0 && input.part.index === 2));
  expect(heights(net)).toEqual([1, 1, 1, 1]);
  expect(net.node(1).finals[0]?.certificate.round).toBe(1);
});

test('a leader that gives a quorum less than all parts of them: whoever voted helps the others', () => {
  const net = decide((from, to, input) => !(isPart(input) && from === 0 && to === 3));
  expect(heights(net)).toEqual([1, 1, 1, 1]);
});

test('falsified parts are refused by the name of who sent them, and the truth comes from others', () => {
  const net = network().start();
  net.filter = (from, to, input) => {
    if (from !== 0 || to !== 3 || !isPart(input)) return true;
    const bytes = input.part.bytes.map((byte) => byte ^ 1);
    net.input(3, { ...input, part: { ...input.part, bytes } });
    return false;
  };
  net.submit(TEXT);
  net.run(30_000, () => heights(net).every((height) => height >= 1));
  expect(heights(net)).toEqual([1, 1, 1, 1]);
  expect(net.node(3).refusals.filter((code) => code === 'PART_INVALID')).toHaveLength(1);
});

test('a replay of the log needs no parts: it is where the validator was', () => {
  const net = network().start();
  net.filter = (_from, to, input) => to !== 3 || input.type !== 'vote.received';
  net.submit(TEXT);
  net.run(1_150);
  const before = net.node(3).core.stateDigest();
  expect(net.node(3).core.position.step).toBe('prevote');
  net.restart(3);
  expect(net.node(3).core.stateDigest()).toBe(before);
  expect(net.node(3).log.some(({ type }) => type === 'part.received')).toBe(false);
});

let open: Hosts | undefined;
afterEach(() => open?.close());

test('hosted validators decide a body near the limit, and one that was away fetches it in slices', async () => {
  const hosts = new Hosts(4);
  open = hosts;
  for (const i of [0, 1, 2]) await hosts.start(i);
  const count = Math.floor(MAX_BLOCK_BYTES / (MAX_TX_BYTES + 4)) - 1;
  for (const i of [0, 1, 2])
    for (let n = 0; n < count; n++) hosts.host(i).app.submit(new Uint8Array(MAX_TX_BYTES).fill(n + 1));
  hosts.host(0).validator?.workArrived();
  await hosts.until(() => [0, 1, 2].every((i) => (hosts.host(i).validator?.tip.height ?? 0) >= 1));
  const sizes = hosts.host(1).decided.map(({ final }) => final.block.txs.length);
  expect(sizes[0]).toBe(count);
  expect(count * MAX_TX_BYTES).toBeGreaterThan(3 * MAX_MESSAGE_BYTES);
  await hosts.start(3);
  await hosts.until(() => (hosts.host(3).validator?.tip.height ?? 0) >= 1);
  expect(hosts.host(3).decided[0]?.state_root).toBe(hosts.host(0).decided[0]?.state_root);
  expect(hosts.all.flatMap(({ halts }) => halts)).toEqual([]);
});
