// Whole heights over a small network of cores: agreement, liveness, catching up, replay.
import { expect, test } from 'vitest';
import { Network } from './network.ts';

const heights = (network: Network) => network.nodes.map((node) => node.finals.length);
const ids = (network: Network) => network.nodes.map((node) => node.finals.map((final) => final.certificate.value));

test('four validators agree on every block, in round 0, when nothing fails', () => {
  const network = new Network(4).start();
  for (let i = 0; i < 10; i++) {
    network.submit(`tx ${i}`);
    network.run(network.now_ms + 50);
  }
  expect(heights(network)).toEqual([10, 10, 10, 10]);
  expect(new Set(ids(network).map((list) => list.join())).size).toBe(1);
  expect(network.nodes.flatMap((node) => node.finals.map((final) => final.certificate.round))).toEqual(
    Array(40).fill(0),
  );
  expect(network.nodes.flatMap((node) => [...node.evidence, ...node.halts, ...node.refusals])).toEqual([]);
});
