// A client that sends a trace finds its request in the gateway's log, and refusals are counted by code.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MemoryBroker } from '#runtime/bus/memory-bus.ts';
import { signer } from '#runtime/keys/ed25519.ts';
import { CLIENT, WORKERS } from '../settlement/world/chain.ts';
import { SeenWorld, wireOf } from './seen-world.ts';
import { type Served, serveGateway } from './served.ts';

const TRACE = `00-${'4b'.repeat(16)}-${'a3'.repeat(8)}-01`;
type Line = Readonly<Record<string, unknown>>;
const lines: Line[] = [];
const note = (data: Line, message: string): void => void lines.push({ ...data, message });
const world = new SeenWorld();
let served: Served;
beforeAll(async () => {
  const self = signer(new Uint8Array(32).fill(7));
  const bus = new MemoryBroker().connect(self.id);
  served = await serveGateway({
    world,
    bus,
    signer: self,
    log: { info: note, warn: note, error: note },
    now_ms: () => world.time_ms,
  });
  lines.length = 0;
});
afterAll(() => served.close());

const gift = (bend = {}) =>
  wireOf(world.send(CLIENT, { type: 'transfer', to: WORKERS[0] ?? '', asset: 'credit', amount_units: 1n }, bend));
async function post(wire: Uint8Array, traceparent: string): Promise<Line> {
  const headers = { 'content-type': 'application/octet-stream', traceparent };
  const response = await fetch(`${served.url}/api/transactions`, {
    method: 'POST',
    headers,
    body: new Uint8Array(wire),
  });
  return (await response.json()) as Line;
}
const logged = (): Line[] => lines.splice(0);

test('a transaction that is handed on is logged with its id and the client’s trace', async () => {
  const { tx } = await post(gift(), TRACE);
  expect(logged()).toEqual([{ trace: TRACE, tx, message: 'transaction handed to the validators' }]);
});

test('a refusal is logged under the client’s trace, and counted by its code', async () => {
  await post(gift({ expiry_height: 0, chain: 'ab'.repeat(32) }), TRACE);
  expect(logged()).toEqual([
    { trace: TRACE, path: '/api/transactions', code: 'NETWORK_MISMATCH', message: 'request refused' },
  ]);
  const metrics = await (await fetch(`${served.url}/metrics`)).text();
  expect(metrics).toContain('sortition_host_refusals_total{code="NETWORK_MISMATCH"} 1');
});

test('a refusal without a trace is counted only: nobody can fill the log', async () => {
  await fetch(`${served.url}/api/nothing`);
  expect(logged()).toEqual([]);
  expect(await (await fetch(`${served.url}/metrics`)).text()).toContain('refusals_total{code="API_PATH_UNKNOWN"} 1');
});

test('a question about what is not there is no refusal', async () => {
  const answer = await fetch(`${served.url}/api/jobs/${'0'.repeat(32)}`);
  expect(answer.status).toBe(404);
  expect(await (await fetch(`${served.url}/metrics`)).text()).not.toContain('JOB_UNKNOWN');
});

test.each([
  ['of all zeros', `00-${'0'.repeat(32)}-${'a3'.repeat(8)}-01`],
  ['of an invalid version', `ff-${'4b'.repeat(16)}-${'a3'.repeat(8)}-01`],
  ['in capitals', TRACE.toUpperCase()],
  ['that is any text', 'hello\\nworld'],
])('a trace %s is none', async (_name, trace) => {
  await post(gift(), trace);
  expect(logged()).toMatchObject([{ trace: '' }]);
});

test('a trace of a later version is read as far as version 00 goes', async () => {
  await post(gift(), `01${TRACE.slice(2)}-future`);
  expect(logged()).toMatchObject([{ trace: `01${TRACE.slice(2)}` }]);
});
