// The faults of the in-memory broker: what simulations and host tests order from it.
import { expect, test, vi } from 'vitest';
import { MemoryBroker } from '#runtime/bus/memory-bus.ts';
import { subject } from '#schemas/wire/subjects.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);

test('a dropped message is kept by its stream, a duplicate comes twice, others arrive once', async () => {
  const broker = new MemoryBroker();
  const [a, b] = [broker.connect('a'), broker.connect('b')];
  const got: string[] = [];
  b.mailbox(['b'], ({ data }) => got.push(Buffer.from(data).toString()));
  await new Promise((resolve) => setImmediate(resolve)); // the first reading back is over
  const fates = ['drop', 'duplicate', 'deliver'] as const;
  let n = 0;
  broker.fate = (_subject, receiver) => (receiver === 'b' ? (fates[n++] ?? 'deliver') : 'deliver');
  for (const text of ['one', 'two', 'three']) await a.publish(subject.mailbox('b', 'a'), bytes(text));
  await vi.waitFor(() => expect(got).toEqual(['two', 'two', 'three']));
  const kept: string[] = [];
  await b.history(subject.mailboxOf('b'), ({ data }) => kept.push(Buffer.from(data).toString()));
  expect(kept).toEqual(['one', 'two', 'three']);
});

test('a closed bus hears nothing, says nothing and is told nothing', async () => {
  const broker = new MemoryBroker();
  const [a, b] = [broker.connect('a'), broker.connect('b')];
  let heard = 0;
  let connects = 0;
  b.subscribe(subject.blockAll, () => heard++);
  b.onConnect(() => connects++);
  await vi.waitFor(() => expect(connects).toBe(1));
  await b.close();
  a.cast(subject.block('a'), bytes('x'));
  broker.stop();
  broker.start();
  await new Promise((resolve) => setImmediate(resolve));
  expect([heard, connects]).toEqual([0, 1]);
  await expect(b.publish(subject.transaction('b'), bytes('x'))).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
});

test('a broker that restarts forgets what was in memory and keeps what was in files', async () => {
  const broker = new MemoryBroker();
  const bus = broker.connect('a');
  await bus.publish(subject.transaction('a'), bytes('tx'));
  await bus.publish(subject.mailbox('a', 'a'), bytes('mail'));
  broker.stop();
  broker.start();
  const read = async (pattern: string): Promise<number> => {
    let count = 0;
    await bus.history(pattern, () => count++);
    return count;
  };
  expect([await read(subject.transactionAll), await read(subject.mailboxOf('a'))]).toEqual([0, 1]);
});
