// When a validator that remembers nothing may speak again: only fresh, signed, certified answers of a quorum tell.
import { expect, test } from 'vitest';
import { electorateOf } from '#machines/consensus/electorate.ts';
import type { PositionAnswer } from '#machines/consensus/position-rules.ts';
import { Observer } from '#runtime/consensus/observer.ts';
import { type Position, positionSignBytes } from '#schemas/consensus/position.ts';
import type { Certificate, Membership } from '#schemas/consensus/types.ts';
import { CHAIN, crypto, membershipOf, sign, signVote, validatorSet } from './network.ts';

const set = validatorSet(4);
const idOf = (i: number): string => set[i]?.id ?? '';
const NONCE = new Uint8Array(32).fill(5);

const first = membershipOf(set);
/** Validator 3 asks; epochs are known from their first heights on. */
function asking(...epochs: readonly Membership[]): Observer {
  const electorates = (epochs.length === 0 ? [first] : epochs).map((one) => electorateOf(CHAIN, one, crypto));
  const electorate = (height: number) =>
    electorates.findLast(({ first_height }) => first_height <= Math.max(height, 1));
  return Observer.asking({ nonce: NONCE, electorate, self: idOf(3) });
}

const commit = (height: number, voters = [0, 1, 2], epoch = 0): Certificate => {
  const value = 'a'.repeat(64);
  const statement = { type: 'precommit', epoch, height, round: 0, value, valid_round: -1 } as const;
  return {
    type: 'commit',
    height,
    round: 0,
    value,
    votes: voters.map((i) => signVote(set, { ...statement, validator: i })),
  };
};

/** Validator `i` says that it works on `height`, and shows that the one before is decided. */
function answer(i: number, height: number, change: Partial<Position> = {}): PositionAnswer {
  const position = { epoch: 0, height, round: 0, validator: idOf(i), nonce: NONCE, ...change };
  const signed = { ...position, signature: sign(idOf(i), positionSignBytes(CHAIN, position)) };
  return height === 1 ? { position: signed } : { position: signed, certificate: commit(height - 1) };
}
const silentAt = (observer: Observer, heights: readonly number[]): boolean[] =>
  heights.map((height) => !observer.maySpeak(height));

test('silent up to one height beyond the highest that a quorum, itself included, has begun', () => {
  const observer = asking();
  expect(observer.hear(answer(0, 9))).toBe(null);
  expect(observer.maySpeak(1_000)).toBe(false);
  expect(observer.hear(answer(1, 8))).toBe(null);
  expect(silentAt(observer, [10, 11])).toEqual([true, false]);
  expect(observer.nonce).toBe(undefined);
});

test('at the first height there is nothing to show yet', () => {
  const observer = asking();
  for (const i of [0, 1]) observer.hear(answer(i, 1));
  expect(silentAt(observer, [2, 3])).toEqual([true, false]);
});

test('one validator counts once, however often it answers, and the asker’s own key not at all', () => {
  const observer = asking();
  for (const height of [3, 4, 5]) observer.hear(answer(0, height));
  observer.hear(answer(3, 2));
  expect(observer.maySpeak(1_000)).toBe(false);
});

test('power counts, not heads', () => {
  const heavy = set.map((validator, i) => ({ ...validator, power: i === 0 ? 5 : 1 }));
  const observer = asking(membershipOf(heavy));
  for (const i of [1, 2]) observer.hear(answer(i, 4));
  expect(observer.maySpeak(1_000)).toBe(false);
  observer.hear({ ...answer(0, 4), certificate: commit(3) });
  expect(silentAt(observer, [5, 6])).toEqual([true, false]);
});

const stranger = { ...answer(0, 4).position, validator: 'ee'.repeat(32) };
const LIES: readonly (readonly [string, string, PositionAnswer])[] = [
  ['an answer to an earlier question', 'POSITION_STALE', answer(0, 4, { nonce: new Uint8Array(32).fill(4) })],
  ['a height far above what is certified', 'CERTIFICATE_INVALID', { ...answer(0, 10 ** 9), certificate: commit(3) }],
  ['a height with nothing to show', 'CERTIFICATE_INVALID', { position: answer(0, 4).position }],
  [
    'a certificate that is no commit',
    'CERTIFICATE_INVALID',
    { ...answer(0, 4), certificate: { ...commit(3), type: 'polka' } },
  ],
  ['a certificate of too few', 'CERTIFICATE_INVALID', { ...answer(0, 4), certificate: commit(3, [0, 1]) }],
  [
    'another height than the one that was signed',
    'SIGNATURE_INVALID',
    { position: { ...answer(0, 5).position, height: 4 }, certificate: commit(3) },
  ],
  ['a position in another’s name', 'SIGNATURE_INVALID', answer(0, 4, { validator: idOf(1) })],
  ['a position of nobody', 'VALIDATOR_UNKNOWN', { position: stranger, certificate: commit(3) }],
  ['a position of another epoch', 'EPOCH_MISMATCH', answer(0, 4, { epoch: 1 })],
];

test.each(LIES)('%s is refused with %s, and the truth still ends the silence', (_, code, lie) => {
  const observer = asking();
  expect(observer.hear(lie)).toBe(code);
  observer.hear(answer(1, 4));
  expect(observer.maySpeak(1_000)).toBe(false);
  observer.hear(answer(2, 4));
  expect(silentAt(observer, [5, 6])).toEqual([true, false]);
});

/** Epoch 1 begins at height 11, and puts another validator in the place of validator 0. */
const second: Membership = {
  ...membershipOf(validatorSet(5).slice(1)),
  epoch: 1,
  first_height: 11,
};
const answerIn = (i: number, height: number): PositionAnswer => {
  const id = second.validators[i]?.id ?? '';
  const position = { epoch: 1, height, round: 0, validator: id, nonce: NONCE };
  const votes = [0, 1, 2].map((validator) =>
    signVote(second.validators, {
      type: 'precommit',
      epoch: 1,
      height: height - 1,
      round: 0,
      value: 'a'.repeat(64),
      valid_round: -1,
      validator,
    }),
  );
  return {
    position: { ...position, signature: sign(id, positionSignBytes(CHAIN, position)) },
    certificate: { ...commit(height - 1), votes },
  };
};

test('what one set has told does not count in the next epoch, which is asked anew', () => {
  const observer = asking(first, second);
  for (const i of [0, 1]) observer.hear(answer(i, 10));
  expect(silentAt(observer, [10, 11, 12, 99])).toEqual([true, true, true, true]);
  for (const i of [0, 3]) observer.hear(answerIn(i, 30));
  expect(silentAt(observer, [31, 32])).toEqual([true, false]);
});

test('the first height of an epoch builds on a commit of the set before: there it is silent in any case', () => {
  const observer = asking(first, second);
  observer.hear({ ...answer(1, 5) });
  observer.hear({ ...answer(2, 5) });
  expect(silentAt(observer, [11, 12])).toEqual([true, false]);
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
