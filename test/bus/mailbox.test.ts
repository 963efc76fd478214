// Old before new, bounded while reading back, and never two readings mixed.
import { expect, test } from 'vitest';
import { Mailbox } from '#runtime/bus/mailbox.ts';
import { MAX_CATCH_UP_HELD } from '#schemas/wire/limits.ts';

/** A reading that the test steers. */
function steered() {
  const readings: { sink: (n: number) => void; end: () => void; fail: () => void }[] = [];
  const got: number[] = [];
  const mailbox = new Mailbox<number>(
    (sink) =>
      new Promise((resolve, reject) => readings.push({ sink, end: resolve, fail: () => reject(new Error('gone')) })),
    (n) => got.push(n),
  );
  const reading = (i: number) => {
    const one = readings[i];
    if (one === undefined) throw new RangeError(`no reading ${i}`);
    return one;
  };
  return { mailbox, got, reading };
}

test('what arrives during the reading waits until it is over', async () => {
  const { mailbox, got, reading } = steered();
  const done = mailbox.catchUp();
  mailbox.receive(3);
  reading(0).sink(1);
  reading(0).sink(2);
  expect(got).toEqual([1, 2]);
  reading(0).end();
  await done;
  mailbox.receive(4);
  expect(got).toEqual([1, 2, 3, 4]);
});

test('a reading that fails lets the live messages through', async () => {
  const { mailbox, got, reading } = steered();
  const done = mailbox.catchUp();
  mailbox.receive(1);
  reading(0).fail();
  await expect(done).rejects.toThrow('gone');
  expect(got).toEqual([1]);
});

test('a second reading takes over: the first delivers nothing more and releases nothing', async () => {
  const { mailbox, got, reading } = steered();
  const first = mailbox.catchUp();
  reading(0).sink(1);
  mailbox.receive(9);
  const second = mailbox.catchUp();
  reading(0).sink(2);
  reading(0).end();
  await first;
  reading(1).sink(1);
  reading(1).sink(2);
  expect(got).toEqual([1, 1, 2]);
  reading(1).end();
  await second;
  expect(got).toEqual([1, 1, 2, 9]);
});

test('no more than the bound is held; what is beyond is dropped', async () => {
  const { mailbox, got, reading } = steered();
  const done = mailbox.catchUp();
  for (let n = 0; n < MAX_CATCH_UP_HELD + 5; n++) mailbox.receive(n);
  reading(0).end();
  await done;
  expect(got).toHaveLength(MAX_CATCH_UP_HELD);
});

test('a closed mailbox is silent', async () => {
  const { mailbox, got, reading } = steered();
  const done = mailbox.catchUp();
  mailbox.close();
  reading(0).sink(1);
  reading(0).end();
  await done;
  mailbox.receive(2);
  expect(got).toEqual([]);
});
