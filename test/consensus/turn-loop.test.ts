// Turns: one after the other, over all that has arrived; what waits is bounded; a failed turn is the last.
import { expect, test } from 'vitest';
import { createCore } from '#machines/consensus/core.ts';
import type { Input } from '#machines/consensus/types.ts';
import { Ingress } from '#runtime/consensus/ingress.ts';
import { TurnLoop } from '#runtime/consensus/turn-loop.ts';
import { encodeConsensusMessage } from '#schemas/consensus/message-codec.ts';
import { MAX_INGRESS_BYTES } from '#schemas/wire/limits.ts';
import { configOf, HashApp, membershipOf, validatorSet } from './network.ts';

const at = (now_ms: number): Input => ({ type: 'started', now_ms });
const never = (error: unknown) => expect.unreachable(String(error));

test('what arrives during a turn waits for its end and shares the next one', async () => {
  const turns: number[][] = [];
  const loop = new TurnLoop(async (inputs) => {
    turns.push(inputs.map(({ now_ms }) => now_ms));
    if (turns.length > 1) return;
    loop.push(at(3));
    loop.push(at(4));
    await Promise.resolve();
  }, never);
  loop.push(at(1));
  loop.push(at(2));
  await loop.settled();
  expect(turns).toEqual([
    [1, 2],
    [3, 4],
  ]);
});

test('messages that wait for a turn take a bounded number of bytes; the turn makes room again', async () => {
  const loop = new TurnLoop(() => Promise.resolve(), never);
  loop.push(at(1), MAX_INGRESS_BYTES - 10);
  expect([loop.hasRoom(10), loop.hasRoom(11)]).toEqual([true, false]);
  await loop.settled();
  expect(loop.hasRoom(MAX_INGRESS_BYTES)).toBe(true);
});

test('work that arrives many times before a turn is one input', async () => {
  const counts: number[] = [];
  const loop = new TurnLoop(async (inputs) => void counts.push(inputs.length), never);
  for (let i = 0; i < 5; i++) loop.pushWork(1);
  await loop.settled();
  loop.pushWork(2);
  await loop.settled();
  expect(counts).toEqual([1, 1]);
});

test('a turn that fails is told, and none begins once the loop is stopped', async () => {
  const errors: unknown[] = [];
  const loop = new TurnLoop(
    () => Promise.reject(new Error('disk full')),
    (error) => {
      errors.push(error);
      loop.stop();
    },
  );
  loop.push(at(1));
  await loop.settled();
  loop.push(at(2));
  await loop.settled();
  expect(errors).toEqual([new Error('disk full')]);
});

test('a message that finds no room is refused as busy, before it is decoded', () => {
  const refused: string[] = [];
  const ingress = new Ingress(
    'a',
    createCore(configOf(validatorSet(2), 0, new HashApp(membershipOf(validatorSet(2))))),
    {
      now_ms: () => 1,
      hasRoom: (size_bytes) => size_bytes < 20,
      onInput: never,
      onShares: never,
      onRefused: (code) => refused.push(code),
    },
  );
  const status = encodeConsensusMessage({
    type: 'status',
    from: '1'.repeat(64),
    height: 1,
    round: 0,
    lowest_height: 1,
  });
  ingress.hear({ subject: 'cs.v1.1.0.status.b', data: status });
  ingress.hear({ subject: 'cs.v1.1.0.status.b', data: new Uint8Array(2) });
  expect(refused).toEqual(['HOST_BUSY', 'CONSENSUS_MALFORMED']);
});
