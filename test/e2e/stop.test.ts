// How a network ends: each node drains and ends by itself, before anybody loses patience with it.
import { expect, test } from 'vitest';
import { PATIENT_MS, withNetwork } from '../support/live-network.ts';

test('every node that is asked to stop ends with exit code 0', { timeout: PATIENT_MS }, () =>
  withNetwork({ isSupervised: false }, async (network) => {
    await network.staffed();
    const nodes = network.names().flatMap((name) => network.running.process(name) ?? []);
    await network.running.stop();
    expect(nodes).not.toEqual([]);
    expect(await Promise.all(nodes.map(({ ended }) => ended))).toEqual(nodes.map(() => 0));
  }),
);
