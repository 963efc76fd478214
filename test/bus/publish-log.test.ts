// When publishers are told to repeat: a stream that forgot, or that was away.
import { expect, test } from 'vitest';
import { PublishLog } from '#runtime/bus/publish-log.ts';

function watched() {
  let losses = 0;
  const log = new PublishLog(() => losses++);
  return { log, losses: () => losses };
}

test('rising sequences, each stream for itself, are no loss', () => {
  const { log, losses } = watched();
  log.confirmed('a', { stream: 'MBOX', seq: 100 });
  log.confirmed('b', { stream: 'TX', seq: 1 });
  log.confirmed('a', { stream: 'MBOX', seq: 101 });
  log.confirmed('b', { stream: 'TX', seq: 2 });
  expect(losses()).toBe(0);
});

test('a sequence that stands lower than before tells of a stream made anew or rolled back, once', () => {
  const { log, losses } = watched();
  log.confirmed('a', { stream: 'MBOX', seq: 100 });
  log.confirmed('a', { stream: 'MBOX', seq: 1 });
  log.confirmed('a', { stream: 'MBOX', seq: 2 });
  expect(losses()).toBe(1);
});

test('a stream that answers again after failures tells of it, once', () => {
  const { log, losses } = watched();
  log.failed();
  log.failed();
  log.confirmed('a', { stream: 'MBOX', seq: 1 });
  log.confirmed('a', { stream: 'MBOX', seq: 2 });
  expect(losses()).toBe(1);
});

test.each([
  [10_077, 'BUS_BUSY'],
  [10_047, 'BUS_BUSY'],
  [10_008, 'BUS_UNAVAILABLE'],
])('the stream’s refusal %i is %s', (err_code, code) => {
  const { log } = watched();
  expect(() => log.confirmed('a', { error: { err_code, description: 'x' } })).toThrow(
    expect.objectContaining({ code, subject: 'a' }),
  );
});
