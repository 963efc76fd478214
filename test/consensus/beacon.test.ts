// The beacon: any 2f+1 shares give one signature, fewer give none, a false share is found; checked against a second library.
import { bls12_381 } from '@noble/curves/bls12-381.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { quorum } from '#machines/primitives/quorum.ts';
import { recover, signPartial, verifyBls } from '#runtime/consensus/beacon.ts';
import { BeaconCollector } from '#runtime/consensus/beacon-collector.ts';
import { dealShares } from '#runtime/consensus/beacon-dealer.ts';
import { beaconMessage, beaconValue } from '#schemas/consensus/beacon.ts';
import { CHAIN, validatorSet } from './network.ts';

const deal = dealShares(4, 3, new Uint8Array(32).fill(5));
const message = beaconMessage(CHAIN, 0, 9);
const partials = deal.shares.map(({ secret }, validator) => ({ validator, signature: signPartial(secret, message) }));
const pick = (...indices: number[]) =>
  indices.map((i) => partials[i] ?? { validator: -1, signature: new Uint8Array(96) });
const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex');

function collector(done = 8): BeaconCollector {
  const validators = validatorSet(4).map((validator, i) => ({
    ...validator,
    beacon_share: deal.shares[i]?.public ?? '',
  }));
  return new BeaconCollector({ chain: CHAIN, epoch: 0, group_key: deal.group_key, validators, threshold: 3 }, done);
}

test('any three of four shares, in any order, recover the same signature', () => {
  const one = hex(recover(pick(0, 1, 2), 4));
  fc.assert(
    fc.property(fc.shuffledSubarray([0, 1, 2, 3], { minLength: 3 }), (who) => hex(recover(pick(...who), 4)) === one),
    { numRuns: 12 },
  );
  expect(verifyBls(deal.group_key, message, recover(pick(3, 0, 2), 4) ?? new Uint8Array(0))).toBe(true);
});

test.each([2, 5, 7, 31])('any quorum of %i shares recovers what the others do', (count) => {
  const threshold = quorum(count);
  const { group_key, shares } = dealShares(count, threshold, new Uint8Array(32).fill(count));
  const all = shares.map(({ secret }, validator) => ({ validator, signature: signPartial(secret, message) }));
  const [first, last] = [all.slice(0, threshold), all.slice(-threshold)].map((some) => recover(some, count));
  expect(verifyBls(group_key, message, first ?? new Uint8Array(0))).toBe(true);
  expect(hex(last)).toBe(hex(first));
});

test('what is no point, or the same place twice, recovers nothing', () => {
  expect(recover([...pick(0, 1), { validator: 2, signature: new Uint8Array(96) }], 4)).toBeUndefined();
  expect(verifyBls(deal.group_key, message, recover([...pick(0, 1), ...pick(0)], 4) ?? new Uint8Array(0))).toBe(false);
});

test('two shares recover nothing that verifies', () => {
  expect(verifyBls(deal.group_key, message, recover(pick(0, 1), 4) ?? new Uint8Array(0))).toBe(false);
});

test('a second library agrees on shares, keys and the recovered signature', () => {
  const { longSignatures: bls } = bls12_381;
  const DST = 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_';
  const point = bls.hash(message, DST);
  expect(hex(bls.getPublicKey(Buffer.from(deal.shares[0]?.secret ?? '', 'hex')).toBytes())).toBe(
    deal.shares[0]?.public,
  );
  expect(hex(bls.sign(point, Buffer.from(deal.shares[0]?.secret ?? '', 'hex')).toBytes())).toBe(
    hex(partials[0]?.signature),
  );
  expect(bls.verify(recover(pick(1, 2, 3), 4) ?? new Uint8Array(0), point, Buffer.from(deal.group_key, 'hex'))).toBe(
    true,
  );
});

test('the same seed deals the same shares; another seed, other ones', () => {
  expect(dealShares(4, 3, new Uint8Array(32).fill(5))).toEqual(deal);
  expect(dealShares(4, 3, new Uint8Array(32).fill(6)).group_key).not.toBe(deal.group_key);
});

test('each height has a value of its own', () => {
  const other = recover(
    deal.shares
      .slice(0, 3)
      .map(({ secret }, validator) => ({ validator, signature: signPartial(secret, beaconMessage(CHAIN, 0, 10)) })),
    4,
  );
  expect(hex(beaconValue(other ?? new Uint8Array(0)))).not.toBe(
    hex(beaconValue(recover(pick(0, 1, 2), 4) ?? new Uint8Array(0))),
  );
});

test.each([
  ['nothing', new Uint8Array(0)],
  ['zeros', new Uint8Array(96)],
  ['the point at infinity', Uint8Array.from({ length: 96 }, (_, i) => (i === 0 ? 0xc0 : 0))],
])('%s is no signature', (_, bytes) => {
  expect(verifyBls(deal.group_key, message, bytes)).toBe(false);
});

test('a false share is found, its sender named, and the rest recovers', () => {
  const shares = collector();
  shares.add(9, { validator: 0, signature: signPartial(deal.shares[0]?.secret ?? '', beaconMessage(CHAIN, 0, 8)) });
  shares.add(9, { validator: 1, signature: new Uint8Array(96).fill(1) });
  for (const partial of pick(2)) shares.add(9, partial);
  expect(shares.gather(9)).toEqual({ invalid: [0, 1] });
  for (const partial of pick(1, 3)) shares.add(9, partial);
  expect(hex(shares.gather(9).recovered)).toBe(hex(recover(pick(1, 2, 3), 4)));
});

test('shares of past and far heights, and of nobody, are not kept', () => {
  const shares = collector();
  for (const height of [8, 12]) for (const partial of partials) shares.add(height, partial);
  shares.add(9, { validator: 4, signature: new Uint8Array(96) });
  expect([8, 9, 12].map((height) => shares.gather(height))).toEqual(Array(3).fill({ invalid: [] }));
});
