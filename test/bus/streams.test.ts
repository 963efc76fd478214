// Which stream captures what, and that each is bounded.
import { expect, test } from 'vitest';
import { capturedBy, matches, STREAMS, type StreamName, streamConfig, streamOf } from '#runtime/bus/streams.ts';
import { MAX_BROKER_FILE_BYTES, MAX_BROKER_MEMORY_BYTES, MAX_EXPIRY_AHEAD_MS } from '#schemas/wire/limits.ts';
import { subject } from '#schemas/wire/subjects.ts';

const NAMES = Object.keys(STREAMS) as StreamName[];

test.each([
  [subject.consensus(7, 0, 'prevote', 'v'), 'CONSENSUS'],
  [subject.consensusAll, 'CONSENSUS'],
  [subject.transaction('a'), 'TX'],
  [subject.transactionAll, 'TX'],
  [subject.mailbox('r', 's'), 'MBOX'],
  [subject.mailboxOf('r'), 'MBOX'],
  [subject.heartbeat('w'), undefined],
  [subject.block('v'), undefined],
  ['in.v1.r', undefined],
  ['in.v1.r.s.x', undefined],
  ['in.v1.>', undefined],
])('%s is captured by %s', (name, stream) => {
  expect(streamOf(name)).toBe(stream);
});

test.each([
  ['a.*', 'a.b', true],
  ['a.*', 'a.b.c', false],
  ['a.*', 'a', false],
  ['a.>', 'a.b.c', true],
  ['a.>', 'a', false],
  ['a.*', 'a.>', false],
  ['a.>', 'a.*', true],
  ['a.b', 'a.*', false],
  ['*.b', 'a.b', true],
])('%s takes in %s: %s', (pattern, name, expected) => {
  expect(matches(pattern, name)).toBe(expected);
});

test('every stream is bounded in bytes, age and messages of one subject, and together they fit the broker', () => {
  const room = { memory: 0, file: 0 };
  for (const name of NAMES) {
    const config = streamConfig(name);
    expect(config.subjects).toEqual([capturedBy(name)]);
    expect(config.max_age).toBeGreaterThan(0);
    expect(config.max_msgs_per_subject).toBeGreaterThan(0);
    room[config.storage] += config.max_bytes;
  }
  expect(room.memory).toBeLessThanOrEqual(MAX_BROKER_MEMORY_BYTES);
  expect(room.file).toBeLessThanOrEqual(MAX_BROKER_FILE_BYTES);
});

test('mail is kept as long as an envelope can be valid, and no longer', () => {
  expect(streamConfig('MBOX').max_age).toBe(MAX_EXPIRY_AHEAD_MS * 1_000_000);
});
