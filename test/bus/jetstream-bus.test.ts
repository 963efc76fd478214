// What only a real broker can do to a bus: forged acknowledgements, subjects refused, keys removed.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Broker, startBroker } from '#runtime/broker/broker.ts';
import { type BusError } from '#runtime/bus/bus-error.ts';
import { openConnection } from '#runtime/bus/connection.ts';
import { connectBus } from '#runtime/bus/jetstream-bus.ts';
import { subject } from '#schemas/wire/subjects.ts';
import { newSigner } from '../compliance/bus-harness.ts';

const [worker, validator] = [newSigner(), newSigner()];
const refused: BusError[] = [];
const onRefused = (error: BusError): void => void refused.push(error);
const DATA = new Uint8Array(1);
let broker: Broker;
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sortition-jetstream-'));
  const users = [
    { id: worker.id, kind: 'worker' as const },
    { id: validator.id, kind: 'validator' as const },
  ];
  broker = await startBroker({ dir, users }); // no streams: what answers here is not one
});
afterAll(async () => {
  await broker.stop();
  await rm(dir, { recursive: true, force: true });
});

test.each([
  '',
  'null',
  '7',
  '{}',
  '{"stream":"TX"}',
  '{"stream":"TX","seq":"1"}',
  '{"stream":"TX","seq":-1}',
  '{"error":null}',
])('an acknowledgement forged by a reader of the message confirms nothing: %j', async (forged) => {
  const { nats } = await openConnection({ url: broker.url, signer: validator, onRefused });
  nats.subscribe(subject.transactionAll, { callback: (_error, message) => void message.respond(forged) });
  await nats.flush();
  const bus = await connectBus({ url: broker.url, signer: worker, onRefused });
  await expect(bus.publish(subject.transaction(worker.id), DATA)).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
  await Promise.all([bus.close(), nats.close()]);
});

test('what the broker refuses is said: to the publisher, and through onRefused', async () => {
  const bus = await connectBus({ url: broker.url, signer: worker, onRefused });
  const subjects = [subject.transaction(validator.id), subject.block(worker.id), subject.heartbeatAll];
  await expect(bus.publish(subjects[0] ?? '', DATA)).rejects.toMatchObject({ code: 'BUS_NOT_AUTHORISED' });
  await expect(bus.history(subject.transactionAll, () => undefined)).rejects.toMatchObject({
    code: 'BUS_NOT_AUTHORISED',
  });
  bus.cast(subjects[1] ?? '', DATA);
  bus.subscribe(subjects[2] ?? '', () => undefined);
  await vi.waitFor(() => expect(refused.map((error) => error.subject)).toEqual(expect.arrayContaining(subjects)), {
    timeout: 10_000,
  });
  expect(new Set(refused.map((error) => error.code))).toEqual(new Set(['BUS_NOT_AUTHORISED']));
  await bus.close();
});

test('a key that the broker does not know is told so at once', async () => {
  const options = { url: broker.url, signer: newSigner(), onRefused };
  await expect(connectBus(options)).rejects.toMatchObject({ code: 'BUS_NOT_AUTHORISED' });
});

test('a bus that is opened before its broker is ready waits for it', async () => {
  await broker.kill('SIGKILL');
  const opening = connectBus({ url: broker.url, signer: worker, onRefused });
  await broker.restart();
  await (await opening).close();
  await expect(opening).resolves.toBeDefined();
});
