// A certificate proves its statement or is refused: each way to forge one, with its code.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkCertificate } from '#machines/consensus/certificate-rules.ts';
import { electorateOf } from '#machines/consensus/electorate.ts';
import type { Certificate, SignedVote, Vote } from '#schemas/consensus/types.ts';
import { CHAIN, crypto, membershipOf, signVote, validatorSet } from './network.ts';

const set = validatorSet(7);
const electorate = electorateOf(CHAIN, membershipOf(set), crypto);
const value = 'a'.repeat(64);
const vote = (validator: number, over: Partial<Vote> = {}, chain = CHAIN): SignedVote =>
  signVote(
    set,
    { type: 'precommit', epoch: 0, height: 3, round: 1, value, valid_round: -1, validator, ...over },
    chain,
  );
const commit = (votes: readonly SignedVote[]): Certificate => ({ type: 'commit', height: 3, round: 1, value, votes });
const five = [0, 1, 2, 3, 4];

test('precommits of a quorum on one block are a commit certificate', () => {
  expect(checkCertificate(electorate, commit(five.map((i) => vote(i))))).toBeNull();
});

const outsider: SignedVote = { ...vote(0), validator: 7 };
const REFUSED: Record<string, readonly [Certificate, string]> = {
  'no votes': [commit([]), 'CERTIFICATE_INVALID'],
  'one vote short': [commit([0, 1, 2, 3].map((i) => vote(i))), 'CERTIFICATE_INVALID'],
  'a voter twice': [commit([0, 1, 2, 3, 3].map((i) => vote(i))), 'CERTIFICATE_INVALID'],
  'a voter who is no member': [commit([...[0, 1, 2, 3].map((i) => vote(i)), outsider]), 'CERTIFICATE_INVALID'],
  'votes of another chain': [commit(five.map((i) => vote(i, {}, 'd'.repeat(64)))), 'SIGNATURE_INVALID'],
  'a vote signed by another validator': [
    commit([...[0, 1, 2, 3].map((i) => vote(i)), { ...vote(5), validator: 4 }]),
    'SIGNATURE_INVALID',
  ],
  'a vote of another height': [
    commit([...[0, 1, 2, 3].map((i) => vote(i)), vote(4, { height: 2 })]),
    'CERTIFICATE_INVALID',
  ],
  'a vote of another round': [
    commit([...[0, 1, 2, 3].map((i) => vote(i)), vote(4, { round: 0 })]),
    'CERTIFICATE_INVALID',
  ],
  'a vote on another block': [
    commit([...[0, 1, 2, 3].map((i) => vote(i)), vote(4, { value: 'b'.repeat(64) })]),
    'CERTIFICATE_INVALID',
  ],
  'a nil vote': [commit([...[0, 1, 2, 3].map((i) => vote(i)), vote(4, { value: null })]), 'CERTIFICATE_INVALID'],
  prevotes: [commit(five.map((i) => vote(i, { type: 'prevote' }))), 'CERTIFICATE_INVALID'],
  'votes of another epoch': [commit(five.map((i) => vote(i, { epoch: 1 }))), 'EPOCH_MISMATCH'],
  'prevotes with different valid_rounds': [
    { ...commit(five.map((i) => vote(i, { type: 'prevote', valid_round: i === 0 ? 0 : -1 }))), type: 'polka' },
    'CERTIFICATE_INVALID',
  ],
  'a skip of a third': [{ ...commit([0, 1].map((i) => vote(i))), type: 'skip', value: null }, 'CERTIFICATE_INVALID'],
};
test.each(Object.entries(REFUSED))('refused: %s', (_, [certificate, code]) => {
  expect(checkCertificate(electorate, certificate)).toBe(code);
});

test('any change to any byte of any signature is refused', () => {
  const votes = five.map((i) => vote(i));
  fc.assert(
    fc.property(fc.nat(4), fc.nat(63), fc.integer({ min: 1, max: 255 }), (who, at, flip) => {
      const forged = votes.map((v, i) =>
        i === who ? { ...v, signature: v.signature.map((byte, j) => (j === at ? byte ^ flip : byte)) } : v,
      );
      expect(checkCertificate(electorate, commit(forged))).toBe('SIGNATURE_INVALID');
    }),
  );
});
