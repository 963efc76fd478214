// Each message is applied exactly once, whatever the node, the disk and the broker do in between.
import { expect, test } from 'vitest';
import { Outsider, signerOf, type TestNode, World } from './world.ts';

const names = ['a', 'b', 'c', 'd'];
const actors = names.map(signerOf);
const path = actors.map((actor) => actor.id);

/** Tokens that wander among four actors: `count` of them, each received `hops + 1` times. */
function mint(world: World, count: number, hops: number): void {
  const [first] = actors;
  if (first !== undefined) new Outsider(world, 'mint').order(first, { do: 'mint', amount: 10, hops, count, path });
}

const received = (nodes: readonly TestNode[]) => total(nodes, (d) => d.received_count);
async function total(nodes: readonly TestNode[], of: Parameters<TestNode['sum']>[0]): Promise<number> {
  const sums = await Promise.all(nodes.map((node) => node.sum(of)));
  return sums.reduce((sum, one) => sum + one, 0);
}

test('tokens that wander among actors are received once at each hop, and their sum is zero', async () => {
  const world = new World();
  const nodes = [await world.node({ actors: actors.slice(0, 2) }), await world.node({ actors: actors.slice(2) })];
  mint(world, 100, 19);
  await world.until(async () => (await received(nodes)) >= 2_000);
  await world.pass(2_000);
  expect(await received(nodes)).toBe(2_000);
  expect(await total(nodes, (d) => d.balance)).toBe(0);
  for (const node of nodes) await node.drain();
});
