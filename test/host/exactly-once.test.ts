// Each message is applied exactly once, whatever the node, the disk and the broker do in between.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Fate } from '#runtime/bus/memory-bus.ts';
import { MemoryDisk, type WriteFault } from '#runtime/store/memory-store.ts';
import { Outsider, signerOf, type TestNode, thereAndBack, World } from './world.ts';

const actors = ['a', 'b', 'c', 'd'].map(signerOf);
const path = thereAndBack(actors);
const halves = [actors.slice(0, 2), actors.slice(2)] as const;

/** Tokens that wander among four actors: `count` of them, each received `hops + 1` times. */
async function mint(world: World, nodes: readonly TestNode[], count: number, hops: number): Promise<void> {
  const [first] = actors;
  if (first === undefined) return;
  const minter = new Outsider(world, 'mint');
  const order = minter.item(first, { do: 'mint', amount: 10, hops, count, path });
  // An outsider has no outbox: it repeats by hand until it is heard.
  await world.until(async () => {
    minter.send(first, minter.envelope([order]));
    return (await nodes[0]?.data(first))?.balance !== 0;
  });
}

async function total(nodes: readonly TestNode[], of: Parameters<TestNode['sum']>[0]): Promise<number> {
  const sums = await Promise.all(nodes.map((node) => node.sum(of)));
  return sums.reduce((sum, one) => sum + one, 0);
}
const received = (nodes: readonly TestNode[]) => total(nodes, (d) => d.received_count);

/** What all have together when `count` tokens were received and one too many would have shown. */
async function atRest(world: World, nodes: readonly TestNode[], count: number) {
  await world.until(async () => (await received(nodes)) >= count, 25);
  await world.pass(2_000);
  return { received_count: await received(nodes), balance: await total(nodes, (d) => d.balance) };
}
const exactly = (received_count: number) => ({ received_count, balance: 0 });

test('tokens that wander among actors are received once at each hop, and their sum is zero', async () => {
  const world = new World();
  const nodes = await Promise.all(halves.map((half) => world.node({ actors: half })));
  await mint(world, nodes, 100, 19);
  expect(await atRest(world, nodes, 2_000)).toEqual(exactly(2_000));
  for (const node of nodes) await node.drain();
});

describe.each(['lost', 'unacknowledged'] as const)('a crash in which a batch is %s', (fault: WriteFault) => {
  test.each(Array.from({ length: 25 }, (_, index) => index + 1))(
    'at write %i of a node changes nothing',
    async (crash_at) => {
      const world = new World();
      const disk = new MemoryDisk();
      let writes = 0;
      const options = { actors: halves[0], disk, fault: () => (++writes === crash_at ? fault : undefined) };
      const first = await world.node(options).catch(() => world.node({ ...options }));
      const nodes = [first, await world.node({ actors: halves[1] })];
      const isDown = () => writes >= crash_at;
      void mint(world, nodes, 5, 79).catch(() => undefined);
      await world.until(isDown);
      await first.kill();
      nodes[0] = await world.node({ ...options });
      await mint(world, nodes, 5, 79);
      expect(await atRest(world, nodes, 400)).toEqual(exactly(400));
    },
  );
});

test('messages that the network drops, repeats and delays are applied once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.infiniteStream(fc.constantFrom<Fate>('deliver', 'deliver', 'drop', 'duplicate')),
      async (fates) => {
        const world = new World();
        const nodes = await Promise.all(halves.map((half) => world.node({ actors: half })));
        world.broker.fate = () => fates.next().value ?? 'deliver';
        await mint(world, nodes, 20, 7);
        expect(await atRest(world, nodes, 160)).toEqual(exactly(160));
        for (const node of nodes) await node.drain();
      },
    ),
    { numRuns: 10 },
  );
});

test('nodes that are killed again and again lose no token and make none', async () => {
  const world = new World();
  const nodes = await Promise.all(halves.map((half) => world.node({ actors: half })));
  await mint(world, nodes, 20, 199);
  let kills = 0;
  for (; (await received(nodes)) < 4_000 && kills < 1_000; kills++) {
    const at = kills % 2;
    const node = nodes[at];
    if (node === undefined) continue;
    await world.pass((kills * 7) % 40);
    await node.kill();
    nodes[at] = await world.node({ actors: halves[at] ?? [], disk: node.disk });
  }
  expect(kills).toBeGreaterThan(50);
  expect(await atRest(world, nodes, 4_000)).toEqual(exactly(4_000));
});

test('a broker that forgets everything it confirmed loses no message', async () => {
  const world = new World();
  const nodes = await Promise.all(halves.map((half) => world.node({ actors: half })));
  await mint(world, nodes, 50, 39);
  for (let round = 0; round < 10; round++) {
    await world.pass(20);
    world.broker.stop();
    world.broker.streams.lose('MBOX');
    await world.pass(20);
    world.broker.start();
  }
  expect(await atRest(world, nodes, 2_000)).toEqual(exactly(2_000));
  for (const node of nodes) await node.drain();
});
