// How a host starts, stops, fails, and reads what an earlier release of an actor wrote.
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { ActorDefinition } from '#actors/host.ts';
import { DRAIN_MS } from '#schemas/wire/limits.ts';
import { encode } from '#schemas/wire/msgpack.ts';
import { ProbeContext, type ProbeData, probe } from './probe.ts';
import { Outsider, signerOf, TestClock, type TestNode, World } from './world.ts';

const a = signerOf('a');
const heard = async (node: TestNode, text: string) => (await node.data(a)).heard.includes(text);

/** The probe's next release: its context also says which house it belongs to. */
const ContextV2 = z.strictObject({ d: ProbeContext.shape.d.extend({ house: z.string() }) });
const probeV2: ActorDefinition = {
  ...probe,
  snapshot: {
    version: 2,
    context: ContextV2,
    previous: {
      shape: probe.snapshot,
      migrate: ({ value, context }) => ({
        value,
        context: { d: { ...(context as { d: ProbeData }).d, house: 'old' } },
      }),
    },
  },
};

test('an actor that an earlier release wrote is migrated and goes on', async () => {
  const world = new World();
  const old = await world.node({ actors: [a] });
  new Outsider(world, 'one').order(a, { do: 'note', text: 'then' });
  await world.until(() => heard(old, 'then'));
  await old.drain();
  const fresh = await world.node({ actors: [a], disk: old.disk, definition: probeV2 });
  new Outsider(world, 'two').order(a, { do: 'note', text: 'now' });
  await world.until(() => heard(fresh, 'now'));
  expect(await fresh.host.inspect(a.id)).toMatchObject({
    version: 2,
    context: { d: { house: 'old', heard: ['started', 'then', 'now'] } },
  });
});

test('an actor that a later release wrote is stopped, not misread, and its mail waits', async () => {
  const world = new World();
  const later = await world.node({
    actors: [a],
    definition: { ...probe, snapshot: { version: 3, context: ProbeContext } },
  });
  await later.drain();
  const node = await world.node({ actors: [a], disk: later.disk });
  const peer = new Outsider(world, 'peer');
  peer.order(a, { do: 'note', text: 'hello' });
  await world.until(() => node.host.refusals().some(({ code }) => code === 'ACTOR_STOPPED'));
  expect([...node.disk.rows.keys()].filter((key) => key.startsWith('mark/'))).toEqual([]);
});

test('an actor whose snapshot names a state that its machine does not have is stopped, and its neighbour goes on', async () => {
  const world = new World();
  const [bad, good] = [signerOf('bad'), signerOf('good')];
  const old = await world.node({ actors: [bad, good] });
  const { context } = await old.host.inspect(bad.id);
  await old.drain();
  old.disk.rows.set(`snapshot/${bad.id}`, encode({ kind: 'client', version: 1, seq: 0, value: 'nowhere', context }));
  const node = await world.node({ actors: [bad, good], disk: old.disk });
  new Outsider(world, 'one').order(bad, { do: 'note', text: 'hello' });
  new Outsider(world, 'two').order(good, { do: 'note', text: 'hello' });
  await world.until(async () => (await node.data(good)).heard.includes('hello'));
  await node.host.deliverBlock(1, 1, [{ type: 'job.finished', job: 'f'.repeat(32) }]);
  expect(node.host.ledgerWatermark()).toBe(0);
  expect(await node.host.inspect(bad.id)).toMatchObject({
    is_stopped: true,
    context: null,
    stopped_because: expect.stringContaining('nowhere'),
  });
});

test('a block that meets an unreadable actor waits for it', async () => {
  const world = new World();
  const later = await world.node({
    actors: [a],
    definition: { ...probe, snapshot: { version: 3, context: ProbeContext } },
  });
  await later.drain();
  const node = await world.node({ actors: [a], disk: later.disk });
  for (const height of [1, 2, 3])
    await node.host.deliverBlock(height, height, [{ type: 'job.finished', job: 'f'.repeat(32) }]);
  expect(node.host.ledgerWatermark()).toBe(0);
});

describe('what waits for an actor that this release cannot read', () => {
  /** The probe as a release that reads no snapshot of its other releases. */
  const other: ActorDefinition = { ...probe, snapshot: { version: 3, context: ProbeContext } };

  /** The node's next life, in which the actor cannot be read; it is stopped when it is needed. */
  async function unreadable(world: World, node: TestNode): Promise<TestNode> {
    await node.kill();
    return world.node({ actors: [a], disk: node.disk, definition: other });
  }
  async function readable(world: World, node: TestNode): Promise<TestNode> {
    await world.until(async () => (await node.host.inspect(a.id)).is_stopped);
    // Let the turn be written that found it out.
    await world.pass(100);
    await node.kill();
    const again = await world.node({ actors: [a], disk: node.disk });
    await again.host.quarantine.resume(a.id);
    return again;
  }

  test('a timer that comes due', async () => {
    const world = new World();
    const node = await world.node({ actors: [a] });
    new Outsider(world, 'peer').order(a, { do: 'timer', id: 't', at_ms: world.clock.now_ms() + 1_000 });
    await world.until(async () => (await node.host.inspect(a.id)).timers.length === 1);
    const again = await readable(world, await unreadable(world, node));
    await world.until(() => heard(again, 'timer t'));
    expect((await again.data(a)).heard).toEqual(['started', 'timer t']);
  });

  test('the answer to a call', async () => {
    const world = new World();
    const node = await world.node({ actors: [a], echo: () => new Promise(() => {}) });
    new Outsider(world, 'peer').order(a, { do: 'io', key: 'k' });
    await world.until(() => heard(node, 'asked k'));
    const again = await readable(world, await unreadable(world, node));
    await world.until(() => heard(again, 'done k echo of k'));
    expect((await again.data(a)).heard).toEqual(['started', 'asked k', 'done k echo of k']);
  });

  test('an event in quarantine that is given again', async () => {
    const world = new World();
    const node = await world.node({ actors: [a] });
    new Outsider(world, 'peer').order(a, { do: 'throw' });
    await world.until(async () => (await node.host.inspect(a.id)).quarantine_count === 1);
    const blind = await unreadable(world, node);
    await blind.host.quarantine.inject(a.id, 1);
    const again = await readable(world, blind);
    expect((await again.host.inspect(a.id)).quarantine_count).toBe(1);
  });
});

test('timers and calls of an actor that is not hosted here wait until it is', async () => {
  const world = new World();
  const neighbour = signerOf('neighbour');
  const node = await world.node({ actors: [a], echo: () => new Promise(() => {}) });
  const at_ms = world.clock.now_ms() + 1_000;
  new Outsider(world, 'peer').order(a, { do: 'timer', id: 't', at_ms }, { do: 'io', key: 'k' });
  await world.until(() => heard(node, 'asked k'));
  await node.kill();
  const without = await world.node({ actors: [neighbour], disk: node.disk });
  await world.pass(5_000);
  await without.kill();
  const again = await world.node({ actors: [a], disk: node.disk });
  await world.until(async () => (await again.data(a)).heard.length === 4);
  expect((await again.data(a)).heard.toSorted()).toEqual(['asked k', 'done k echo of k', 'started', 'timer t']);
});

test('a host that drains tells its peers how far it is, keeps what is unsent, and hears no more', async () => {
  const world = new World();
  const node = await world.node({ actors: [a] });
  const peer = new Outsider(world, 'peer');
  peer.order(a, { do: 'mint', amount: 1, hops: 0, count: 10, path: ['d'.repeat(64)] }, { do: 'note', text: 'seen' });
  await world.until(() => heard(node, 'seen'));
  await node.drain();
  peer.order(a, { do: 'note', text: 'too late' });
  await world.pass(100);
  expect(await heard(node, 'too late')).toBe(false);
  await expect(node.host.deliverBlock(1, 1, [])).rejects.toMatchObject({ code: 'HOST_DRAINING' });
  const again = await world.node({ actors: [a], disk: node.disk });
  expect((await again.host.inspect(a.id)).outbox).toEqual([{ to: 'd'.repeat(64), count: 10 }]);
});

test('a drain ends in time even when the broker never answers', async () => {
  const world = new World();
  const clock = new TestClock();
  const node = await world.node({ actors: [a], clock, publish: () => new Promise(() => {}) });
  new Outsider(world, 'peer').order(a, { do: 'mint', amount: 1, hops: 0, count: 1, path: ['d'.repeat(64)] });
  await world.until(async () => (await node.host.inspect(a.id)).outbox.length === 1);
  let isDrained = false;
  void node.host.drain().then(() => (isDrained = true));
  await world.pass(1_000);
  expect(isDrained).toBe(false);
  clock.advance(DRAIN_MS);
  await world.until(() => isDrained);
});

test('a store that fails ends the host, once, and nothing leaves of what was not written', async () => {
  const world = new World();
  let isBroken = false;
  const node = await world.node({ actors: [a], fault: () => (isBroken ? 'lost' : undefined) });
  const said: string[] = [];
  world.broker.connect('ear').subscribe('>', ({ subject }) => said.push(subject));
  isBroken = true;
  const peer = new Outsider(world, 'peer');
  peer.order(a, { do: 'mint', amount: 1, hops: 0, count: 1, path: ['d'.repeat(64)] });
  await world.until(() => node.failures.length > 0);
  await world.pass(1_000);
  expect(node.failures).toMatchObject([{ code: 'STORE_WRITE_FAILED' }]);
  expect(said.filter((subject) => subject.endsWith(a.id))).toEqual([]);
});

test('an actor cannot be hosted twice', async () => {
  await expect(new World().node({ actors: [a, a] })).rejects.toThrow('twice');
});

test('a port that an actor needs must be there', async () => {
  const needy: ActorDefinition = { ...probe, ports: ['echo', 'sandbox'] };
  await expect(new World().node({ actors: [a], definition: needy })).rejects.toThrow('sandbox');
});
