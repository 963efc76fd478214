// The beacon: any 2f+1 shares give one signature, fewer give none, a false share is found; checked against a second library.
import { bls12_381 } from '@noble/curves/bls12-381.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sharesScale } from '#machines/beacon/lagrange.ts';
import { quorum } from '#machines/primitives/quorum.ts';
import { recover, signPartial, verifyBls } from '#runtime/consensus/beacon.ts';
import { BeaconCollector } from '#runtime/consensus/beacon-collector.ts';
import { dealShares } from '#runtime/consensus/beacon-dealer.ts';
import { beaconMessage, beaconValue } from '#schemas/consensus/beacon.ts';
import { CHAIN, membershipOf, validatorSet } from './network.ts';

const deal = dealShares(4, 3, new Uint8Array(32).fill(5));
const message = beaconMessage(CHAIN, 0, 9);
const partials = deal.shares.map(({ secret }, i) => ({ seat: i + 1, signature: signPartial(secret, message) }));
const pick = (...indices: number[]) => indices.map((i) => partials[i] ?? { seat: -1, signature: new Uint8Array(96) });
const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex');

const validators = validatorSet(4).map((validator, i) => ({
  ...validator,
  beacon_shares: [deal.shares[i]?.public ?? ''],
}));
const membership = membershipOf(validators, deal.group_key);
const collector = (done = 8) => new BeaconCollector({ chain: CHAIN, membership: () => membership }, done);
/** The share of validator `i`, by itself. */
const add = (to: BeaconCollector, i: number, signature = partials[i]?.signature ?? new Uint8Array(96), height = 9) =>
  to.add(validators[i]?.id ?? '', { type: 'beacon.partial', epoch: 0, height, validator: i, signatures: [signature] });

test('any three of four shares, in any order, recover the same signature', () => {
  const one = hex(recover(pick(0, 1, 2), 4));
  fc.assert(
    fc.property(fc.shuffledSubarray([0, 1, 2, 3], { minLength: 3 }), (who) => hex(recover(pick(...who), 4)) === one),
    { numRuns: 12 },
  );
  expect(verifyBls(deal.group_key, message, recover(pick(3, 0, 2), 4) ?? new Uint8Array(0))).toBe(true);
});

test.each([2, 5, 7, 31, 57, 58, 128])('any quorum of %i shares recovers what the others do', (count) => {
  const threshold = quorum(count);
  const { group_key, shares } = dealShares(count, threshold, new Uint8Array(32).fill(count));
  const all = shares.map(({ secret }, i) => ({ seat: i + 1, signature: signPartial(secret, message) }));
  const [first, last] = [all.slice(0, threshold), all.slice(-threshold)].map((some) => recover(some, count));
  expect(verifyBls(group_key, message, first ?? new Uint8Array(0))).toBe(true);
  expect(hex(last)).toBe(hex(first));
});

test('what is no point, or the same place twice, recovers nothing', () => {
  expect(recover([...pick(0, 1), { seat: 3, signature: new Uint8Array(96) }], 4)).toBeUndefined();
  expect(verifyBls(deal.group_key, message, recover([...pick(0, 1), ...pick(0)], 4) ?? new Uint8Array(0))).toBe(false);
});

test('two shares recover nothing that verifies', () => {
  expect(verifyBls(deal.group_key, message, recover(pick(0, 1), 4) ?? new Uint8Array(0))).toBe(false);
});

describe('a second library agrees byte for byte', () => {
  const { longSignatures: bls, fields } = bls12_381;
  const DST = 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_';
  const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'hex');
  const verdict = (key: Uint8Array, about: Uint8Array, signature: Uint8Array): boolean => {
    try {
      return bls.verify(signature, bls.hash(about, DST), key);
    } catch {
      return false;
    }
  };
  /** Lagrange at 0 in the field, as the books have it; shares were dealt divided by `sharesScale`. */
  const recoverAnew = (who: readonly number[], count: number): string => {
    const { Fr } = fields;
    const terms = who.map((i) => {
      const others = who.filter((j) => j !== i);
      const weight = others.reduce(
        (w, j) => Fr.mul(w, Fr.div(BigInt(j + 1), Fr.sub(BigInt(j + 1), BigInt(i + 1)))),
        1n,
      );
      const share = bls.Signature.fromBytes(partials[i]?.signature ?? new Uint8Array(0));
      return share.multiply(Fr.mul(weight, Fr.create(sharesScale(count))));
    });
    return hex(terms.reduce((sum, term) => sum.add(term)).toBytes());
  };

  test('on public keys, and on signatures over any message', () => {
    const about = fc.uint8Array({ maxLength: 200 });
    for (const share of deal.shares) expect(hex(bls.getPublicKey(bytesOf(share.secret)).toBytes())).toBe(share.public);
    fc.assert(
      fc.property(about, fc.nat({ max: 3 }), (text, i) => {
        const secret = deal.shares[i]?.secret ?? '';
        expect(hex(bls.sign(bls.hash(text, DST), bytesOf(secret)).toBytes())).toBe(hex(signPartial(secret, text)));
      }),
      { numRuns: 16 },
    );
  });

  test.each([
    [0, 1, 2],
    [3, 1, 0],
    [1, 2, 3],
  ])('on what shares %i, %i and %i recover, and that the group signed it', (...who) => {
    const signature = recover(pick(...who), 4) ?? new Uint8Array(0);
    expect(recoverAnew(who, 4)).toBe(hex(signature));
    expect(verdict(bytesOf(deal.group_key), message, signature)).toBe(true);
  });

  test('on what is refused: another message, another key, a changed byte, no point', () => {
    const good = recover(pick(0, 1, 2), 4) ?? new Uint8Array(0);
    const other = beaconMessage(CHAIN, 0, 10);
    const bent = (at: number) => good.map((byte, i) => (i === at ? byte ^ 1 : byte));
    const infinity = Uint8Array.from({ length: 96 }, (_, i) => (i === 0 ? 0xc0 : 0));
    const cases: [string, Uint8Array, Uint8Array][] = [
      [deal.group_key, other, good],
      [deal.shares[0]?.public ?? '', message, good],
      ...[0, 1, 48, 95].map((at): [string, Uint8Array, Uint8Array] => [deal.group_key, message, bent(at)]),
      [deal.group_key, message, good.subarray(1)],
      [deal.group_key, message, infinity],
      [deal.group_key, message, new Uint8Array(96)],
    ];
    const [ours, theirs] = [verifyBls, (key: string, a: Uint8Array, s: Uint8Array) => verdict(bytesOf(key), a, s)].map(
      (verify) => cases.map(([key, about, signature]) => verify(key, about, signature)),
    );
    expect([ours, theirs]).toEqual([cases.map(() => false), cases.map(() => false)]);
  });
});

test('the same seed deals the same shares; another seed, other ones', () => {
  expect(dealShares(4, 3, new Uint8Array(32).fill(5))).toEqual(deal);
  expect(dealShares(4, 3, new Uint8Array(32).fill(6)).group_key).not.toBe(deal.group_key);
});

test('each height has a value of its own', () => {
  const other = recover(
    deal.shares
      .slice(0, 3)
      .map(({ secret }, i) => ({ seat: i + 1, signature: signPartial(secret, beaconMessage(CHAIN, 0, 10)) })),
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
  add(shares, 0, signPartial(deal.shares[0]?.secret ?? '', beaconMessage(CHAIN, 0, 8)));
  add(shares, 1, new Uint8Array(96).fill(1));
  add(shares, 2);
  expect(shares.gather(9)).toEqual({ invalid: [0, 1] });
  for (const i of [1, 3]) add(shares, i);
  expect(hex(shares.gather(9).recovered)).toBe(hex(recover(pick(1, 2, 3), 4)));
});

test('shares of past and far heights, and of nobody, are not kept', () => {
  const shares = collector();
  for (const height of [8, 12]) for (const i of [0, 1, 2, 3]) add(shares, i, undefined, height);
  expect(add(shares, 4)).toBe('SENDER_MISMATCH');
  expect([8, 9, 12].map((height) => shares.gather(height))).toEqual(Array(3).fill({ invalid: [] }));
});

test.each([
  [[3, 1, 1, 2], 'small'],
  [[40, 1, 20, 27], 'large, without a scale'],
])('with powers %j the beacon takes the seats of a quorum, whoever has them (%s)', (powers) => {
  const total = powers.reduce((sum, power) => sum + power, 0);
  const { group_key, shares } = dealShares(total, quorum(total), new Uint8Array(32).fill(8));
  const left = [...shares];
  const own = powers.map((power) => left.splice(0, power));
  const set = validatorSet(powers.length).map((v, i) => ({
    ...v,
    power: powers[i] ?? 0,
    beacon_shares: own[i]?.map((share) => share.public) ?? [],
  }));
  const seats = new BeaconCollector({ chain: CHAIN, membership: () => membershipOf(set, group_key) }, 8);
  const say = (i: number) =>
    seats.add(set[i]?.id ?? '', {
      type: 'beacon.partial',
      epoch: 0,
      height: 9,
      validator: i,
      signatures: own[i]?.map(({ secret }) => signPartial(secret, message)) ?? [],
    });
  say(1);
  say(2);
  say(3);
  expect(seats.gather(9)).toEqual({ invalid: [] });
  say(0);
  const { recovered } = seats.gather(9);
  expect(verifyBls(group_key, message, recovered ?? new Uint8Array(0))).toBe(true);
});

test('a share too few or too many for the seats of its sender is refused', () => {
  const shares = collector();
  const [signature = new Uint8Array(96)] = partials.map((partial) => partial.signature);
  for (const signatures of [[], [signature, signature]])
    expect(
      shares.add(validators[0]?.id ?? '', { type: 'beacon.partial', epoch: 0, height: 9, validator: 0, signatures }),
    ).toBe('BEACON_SHARE_INVALID');
});
