// Four validator processes over a real broker and real disks: kill −9, wipe, restart.
import { afterEach, expect, test } from 'vitest';
import { nextFinal, startValidators, type ValidatorNetwork } from '../../bench/validator-network.ts';

let open: ValidatorNetwork | undefined;
afterEach(() => open?.stop());

async function start(): Promise<ValidatorNetwork> {
  open = await startValidators(4);
  return open;
}

/** Submit `count` transactions, each when these validators hold the one before as final; the last height. */
async function decide(network: ValidatorNetwork, live: readonly number[], count: number): Promise<number> {
  let height = 0;
  for (let i = 0; i < count; i++) {
    const finals = live.map((validator) => nextFinal(network.child(validator)));
    network.submit();
    for (const final of await Promise.all(finals)) height = Math.max(height, final.height);
  }
  return height;
}

/** The states of these validators after `height`; one if they agree. */
async function states(network: ValidatorNetwork, validators: readonly number[], height: number): Promise<Set<string>> {
  const finals = await Promise.all(validators.map((i) => network.reached(i, height)));
  return new Set(finals.map((final) => final.state_root));
}

test('kill −9 of one of four does not stop the chain, of two does; restarted, they agree and have lost nothing', async () => {
  const network = await start();
  const first = await decide(network, [0, 1, 2, 3], 3);
  expect((await states(network, [0, 1, 2, 3], first)).size).toBe(1);
  await network.kill(3);
  const second = await decide(network, [0, 1, 2], 3);
  expect((await states(network, [0, 1, 2], second)).size).toBe(1);
  await network.kill(2);
  const stuck = nextFinal(network.child(0));
  network.submit();
  await network.restart(3);
  const third = (await stuck).height; // decided only now that three are there
  expect((await states(network, [0, 1, 3], third)).size).toBe(1);
  await network.restart(2);
  const last = await decide(network, [0, 1], 2);
  expect((await states(network, [0, 1, 2, 3], last)).size).toBe(1);
});

test('a wiped validator syncs from its peers and takes part again', async () => {
  const network = await start();
  const before = await decide(network, [0, 1, 2, 3], 70);
  await network.kill(1);
  await network.restart(1, { isWiped: true });
  expect((await states(network, [0, 1], before)).size).toBe(1);
  const past = await decide(network, [0, 2, 3], 4);
  expect((await states(network, [0, 1, 2, 3], past)).size).toBe(1);
  await network.kill(3); // from here on the wiped one is needed
  const last = await decide(network, [0, 2], 2);
  expect((await states(network, [0, 1, 2], last)).size).toBe(1);
});
