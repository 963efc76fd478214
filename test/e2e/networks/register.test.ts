// An account as a register: what clients of several gateways saw of it, under faults, is what a single copy would have shown.
import { afterEach, expect, test } from 'vitest';
import { createPrng } from '#machines/primitives/prng.ts';
import { signer } from '#runtime/keys/ed25519.ts';
import { linearize, type Operation } from '../../support/linearizability.ts';
import { Faults } from '../../support/networks/faults.ts';
import type { Step } from '../../support/networks/manifest.ts';
import { OutsideView } from '../../support/networks/outside-view.ts';
import { RegisterClient } from '../../support/networks/register-client.ts';
import { gatewayName, ValidatorNodes, validatorName } from '../../support/networks/validator-nodes.ts';
import { report } from '../../support/report.ts';
import { until } from '../../support/until.ts';

const PATIENT_MS = 60_000;
const GATEWAYS = 3;
const CLIENTS = 6;
const SEED = 1;
/** Given to each client; every one adds less. */
const FUNDS = 10n ** 9n;
const params = { min_block_interval_ms: 50, max_block_interval_ms: 500, timeout_propose_ms: 400, timeout_vote_ms: 200 };

let open: { readonly nodes: ValidatorNodes; readonly view: OutsideView } | undefined;
afterEach(async () => {
  await open?.view.close();
  await open?.nodes.stop();
  open = undefined;
});

async function start() {
  const breakable = new Set([gatewayName(2), validatorName(3)]);
  const nodes = await ValidatorNodes.start({ validators: 4, gateways: GATEWAYS, brokers: 1, params, breakable });
  const view = await OutsideView.open(nodes);
  open = { nodes, view };
  return open;
}

/** Clients with money of their own, each at a gateway. */
async function join({ nodes, view }: NonNullable<typeof open>, history: Operation[]): Promise<RegisterClient[]> {
  const bank = await view.gateway(gatewayName(1));
  const clients: RegisterClient[] = [];
  for (let i = 0; i < CLIENTS; i++) {
    const key = signer(new Uint8Array(32).fill(i + 100));
    const { height } = await bank.transact(nodes.client, {
      type: 'transfer',
      to: key.id,
      asset: 'credit',
      amount_units: FUNDS,
    });
    const gateway = await view.gateway(gatewayName((i % GATEWAYS) + 1));
    await until(
      () => gateway.get(`/api/network?at_least=${height}`).then(() => true),
      PATIENT_MS,
      'the money is there',
    );
    clients.push(new RegisterClient(`client ${i}`, gateway.url, key, history));
  }
  return clients;
}

/** Everything that is healed by itself or by the next one; between them the network goes on. */
const FAULTS: readonly (readonly Step[])[] = [
  [{ do: 'kill', who: [4] }],
  [{ do: 'restart', who: [4] }],
  [{ do: 'pause', who: [1] }],
  [
    { do: 'resume', who: [1] },
    { do: 'disconnect', who: [3] },
  ],
  [
    { do: 'heal', who: [3] },
    { do: 'disturb', who: [3], latency_ms: [100, 300], lost_of_1024: 50 },
  ],
  [
    { do: 'kill broker', server: 1 },
    { do: 'restart broker', server: 1 },
  ],
];
/** Final operations of the clients between one fault and the next. */
const STEPS_APART = 25;

test('clients of three gateways see one register, whatever happens to validators, paths and the broker', async () => {
  const world = await start();
  const history: Operation[] = [];
  const clients = await join(world, history);
  const faults = new Faults(world.nodes, [1, 2, 3, 4]);
  const isOver = { now: false };
  const working = clients.map((client, i) => work(client, i, isOver));
  const goesOn = async (): Promise<void> => {
    const next = history.length + STEPS_APART;
    await until(() => history.length >= next, PATIENT_MS, 'clients go on');
  };
  for (const steps of FAULTS) {
    await goesOn();
    for (const step of steps) if (step.do !== 'await' && step.do !== 'stand') await faults.carryOut(step);
  }
  const [cut] = world.nodes.paths(gatewayName(2));
  cut?.cut();
  await goesOn();
  cut?.heal();
  await goesOn();
  isOver.now = true;
  await Promise.all(working);
  const unknown = history.filter(({ end_ms }) => end_ms === Infinity).length;
  report(`register: ${history.length} operations of ${CLIENTS} clients, ${unknown} of unknown fate`);
  expect(linearize(history)).toBeDefined();
});

/** Adds and reads, drawn; each addition differs, so that a read tells which it has seen. */
async function work(client: RegisterClient, number: number, isOver: { readonly now: boolean }): Promise<void> {
  const prng = createPrng(SEED, number);
  for (let count = 1; !isOver.now; count++) {
    if (prng.chance(512)) await client.add(BigInt(count * CLIENTS + number));
    else await client.read();
  }
}

test('what a gateway that is cut off has at hand is old, and the checker says so; as of a height it keeps silent', async () => {
  const world = await start();
  const history: Operation[] = [];
  const [first, second] = await join(world, history);
  await first?.add(5n);
  await second?.read();
  expect(linearize(history)).toBeDefined();

  const [path] = world.nodes.paths(gatewayName(2));
  path?.cut();
  await first?.add(7n);
  await second?.readAtHand();
  expect(linearize(history)).toBeUndefined();

  const [here, there] = [await world.view.gateway(gatewayName(1)), await world.view.gateway(gatewayName(2))];
  const { height } = await here.network();
  await expect(there.get(`/api/network?at_least=${height}`)).rejects.toMatchObject({ code: 'HEIGHT_NOT_REACHED' });
  path?.heal();
  await until(() => there.get(`/api/network?at_least=${height}`).then(() => true), PATIENT_MS, 'it follows again');
  history.pop();
  await second?.read();
  expect(linearize(history)).toBeDefined();
});
