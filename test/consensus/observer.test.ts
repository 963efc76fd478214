// When a validator that remembers nothing may speak again: what it hears live from a quorum tells, what streams kept does not.
import { expect, test } from 'vitest';
import { Ingress } from '#runtime/consensus/ingress.ts';
import { Observer } from '#runtime/consensus/observer.ts';
import { type ConsensusMessage, encodeConsensusMessage } from '#schemas/consensus/message-codec.ts';
import { validatorSet } from './network.ts';

const set = validatorSet(4);

/** An observer that needs two of the others, and what brings it their words. */
function listening() {
  const observer = Observer.learning(2);
  const refused: string[] = [];
  const ingress = new Ingress(3, set, observer, {
    now_ms: () => 1,
    hasRoom: () => true,
    onInput: () => undefined,
    onShare: () => undefined,
    onRefused: (code) => refused.push(code),
  });
  const hear = (sender: number, message: ConsensusMessage, isLive = true) =>
    ingress.hear(
      { subject: `cs.v1.1.0.${message.type}.${set[sender]?.id}`, data: encodeConsensusMessage(message) },
      isLive,
    );
  return { observer, refused, hear };
}

const status = (from: number, height: number): ConsensusMessage => ({
  type: 'status',
  from,
  height,
  round: 0,
  lowest_height: 1,
});
const vote = (validator: number, height: number): ConsensusMessage => ({
  type: 'vote',
  vote: {
    type: 'prevote',
    epoch: 0,
    height,
    round: 0,
    value: null,
    valid_round: -1,
    validator,
    signature: new Uint8Array(64),
  },
});

test('the votes of others tell where they are: on a chain that is never idle there is no status', () => {
  const { observer, hear } = listening();
  hear(0, vote(0, 9));
  expect(observer.maySpeak(11)).toBe(false);
  hear(1, vote(1, 8));
  expect([10, 11].map((height) => observer.maySpeak(height))).toEqual([false, true]);
});

test('votes and statuses count together, each validator once', () => {
  const { observer, hear } = listening();
  hear(0, vote(0, 9));
  hear(0, status(0, 10));
  expect(observer.maySpeak(100)).toBe(false);
  hear(1, status(1, 4));
  expect([11, 12].map((height) => observer.maySpeak(height))).toEqual([false, true]);
});

test('what a stream has kept, and the votes of others that one passes on, tell nothing', () => {
  const { observer, refused, hear } = listening();
  for (const sender of [0, 1, 2]) {
    hear(sender, status(sender, 1), false);
    hear(sender, vote(sender, 1), false);
    hear(sender, vote((sender + 1) % 3, 1));
  }
  hear(0, status(1, 1));
  expect(observer.maySpeak(100)).toBe(false);
  expect(refused).toEqual(['SENDER_MISMATCH']);
});

test.each([
  [5, 5, false, 'the height is final here', true],
  [6, 5, true, 'the log of the height is here', true],
  [6, 5, false, 'the log is lost', false],
  [7, 5, true, 'a final block is lost too', false],
])('a last word of height %i over the tip %i, log %s: %s', (height, tip, hasLog, _why, maySpeak) => {
  expect(Observer.after({ height }, { height: tip }, hasLog).maySpeak(height)).toBe(maySpeak);
  expect(Observer.after({ height }, { height: tip }, hasLog).maySpeak(height + 1)).toBe(true);
});
