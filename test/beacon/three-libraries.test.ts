// Three BLS libraries by three teams (blst in assembly, noble in JavaScript, herumi in C++) agree byte for byte on what the beacon
// rests on: keys, signatures, recovery, verdicts, and the key that dealings make.
import { bls12_381 } from '@noble/curves/bls12-381.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { combineDealings } from '#machines/beacon/dealing.ts';
import { sharesScale } from '#machines/beacon/lagrange.ts';
import { EPHEMERAL_KEY_BYTES } from '#machines/beacon/layout.ts';
import { type DealingPlan, seatsCount, seatsOf, thresholdOf } from '#machines/beacon/plan.ts';
import { POINT_BYTES } from '#machines/beacon/points.ts';
import { recover, signPartial, verifyBls } from '#runtime/consensus/beacon.ts';
import { dealShares } from '#runtime/consensus/beacon-dealer.ts';
import { beaconMessage } from '#schemas/consensus/beacon.ts';
import { Generation, people } from './generation.ts';
import { herumi } from './herumi.ts';

const { longSignatures: noble, fields, G1 } = bls12_381;
const DST = 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_';
const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex');
const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
const message = beaconMessage('ab'.repeat(32), 0, 9);

function nobleVerifies(key: string, about: Uint8Array, signature: Uint8Array): boolean {
  try {
    return noble.verify(signature, noble.hash(about, DST), bytesOf(key));
  } catch {
    return false;
  }
}

test('they agree on public keys, and on signatures over any message', () => {
  const { shares } = dealShares(4, 3, new Uint8Array(32).fill(5));
  for (const share of shares)
    expect([hex(noble.getPublicKey(bytesOf(share.secret)).toBytes()), herumi.publicKey(share.secret)]).toEqual([
      share.public,
      share.public,
    ]);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(...shares), (text, { secret }) => {
      const ours = hex(signPartial(secret, text));
      const theirs = hex(noble.sign(noble.hash(text, DST), bytesOf(secret)).toBytes());
      return ours === theirs && ours === herumi.sign(secret, text);
    }),
    { numRuns: 16 },
  );
});

test.each([
  [4, 3],
  [31, 21],
  [57, 39],
  [58, 39],
  [128, 86],
])('they recover the same signature of %i seats from any %i', (count, threshold) => {
  const { Fr } = fields;
  const { group_key, shares } = dealShares(count, threshold, new Uint8Array(32).fill(count));
  const seats = Array.from({ length: threshold }, (_, i) => count - Math.floor((i * (count - 1)) / threshold));
  const partials = seats.map((seat) => ({ seat, signature: signPartial(shares[seat - 1]?.secret ?? '', message) }));
  const ours = recover(partials, count) ?? new Uint8Array(0);
  const terms = partials.map(({ seat, signature }) => {
    const others = seats.filter((other) => other !== seat);
    const weight = others.reduce((w, x) => Fr.mul(w, Fr.div(BigInt(x), Fr.sub(BigInt(x), BigInt(seat)))), 1n);
    return noble.Signature.fromBytes(signature).multiply(Fr.mul(weight, sharesScale(count)));
  });
  const theirs = terms.reduce((sum, term) => sum.add(term)).toBytes();
  expect([hex(theirs), herumi.recover(partials, sharesScale(count))]).toEqual([hex(ours), hex(ours)]);
  expect([verifyBls, nobleVerifies, herumi.verify].map((verify) => verify(group_key, message, ours))).toEqual([
    true,
    true,
    true,
  ]);
});

test('they refuse the same: another message or key, a changed byte, infinity, no point, a point outside the group', () => {
  const { group_key, shares } = dealShares(4, 3, new Uint8Array(32).fill(5));
  const partials = [1, 2, 3].map((seat) => ({ seat, signature: signPartial(shares[seat - 1]?.secret ?? '', message) }));
  const good = recover(partials, 4) ?? new Uint8Array(0);
  const bent = (at: number) => good.map((byte, i) => (i === at ? byte ^ 1 : byte));
  const cases: [string, Uint8Array, Uint8Array][] = [
    [group_key, beaconMessage('ab'.repeat(32), 0, 10), good],
    [shares[0]?.public ?? '', message, good],
    ...[0, 1, 48, 95].map((at): [string, Uint8Array, Uint8Array] => [group_key, message, bent(at)]),
    [group_key, message, good.subarray(1)],
    [group_key, message, Uint8Array.from({ length: 96 }, (_, i) => (i === 0 ? 0xc0 : 0))],
    [group_key, message, new Uint8Array(96)],
    [group_key, message, pointOutsideG2()],
  ];
  for (const verify of [verifyBls, nobleVerifies, herumi.verify])
    expect(cases.map(([key, about, signature]) => verify(key, about, signature))).toEqual(cases.map(() => false));
});

/** On the curve of G2, not in its group: with this x, noble's own check of the order fails. */
function pointOutsideG2(): Uint8Array {
  for (let x = 1; ; x++) {
    const bytes = new Uint8Array(96);
    bytes[0] = 0x80;
    bytes[95] = x;
    try {
      noble.Signature.fromBytes(bytes);
    } catch (error) {
      if (String(error).includes('subgroup')) return bytes;
    }
  }
}

describe('herumi’s own polynomials in the exponent make the key that we combine', () => {
  /** Commitments of a dealing, as another reader sees them. */
  const commitments = (plan: DealingPlan, dealing: Uint8Array, polynomial: number): Uint8Array[] => {
    const threshold = thresholdOf(plan.receivers);
    return Array.from({ length: threshold }, (_, i) => {
      const at = EPHEMERAL_KEY_BYTES + (polynomial * threshold + i) * POINT_BYTES;
      return G1.Point.fromBytes(dealing.slice(at, at + POINT_BYTES)).toBytes();
    });
  };
  const expected = ({ receivers }: DealingPlan, coefficients: readonly Uint8Array[]) => ({
    group_key: hex(coefficients[0]),
    shares: receivers.map((_, i) =>
      seatsOf(receivers, i).map((seat) =>
        herumi.valueAt(coefficients, seat, fields.Fr.inv(sharesScale(seatsCount(receivers)))),
      ),
    ),
  });

  test('of a fresh one', () => {
    const { plan, ...fresh } = generation([2, 1, 1]);
    const dealt = [...fresh.dealings].map(([, dealing]) => commitments(plan, dealing, 0));
    const sum = Array.from({ length: thresholdOf(plan.receivers) }, (_, i) =>
      herumi.add(dealt.map((points) => points[i] ?? new Uint8Array(0))),
    );
    expect(combineDealings(plan, fresh.dealings)).toEqual(expected(plan, sum));
  });

  test.each([
    ['all', [0, 1, 2, 3]],
    ['a quorum with a gap', [0, 2, 3]],
  ])('of a reshare by %s', (_, dealers) => {
    const old = new Generation(people([1, 1, 2, 1])).end();
    const next = new Generation(people([2, 3, 1], 4), old);
    const { plan } = next;
    const dealings = new Map(dealers.map((i) => [i, next.deal(i)]));
    const seats = dealers
      .flatMap((dealer) => seatsOf(plan.dealers, dealer).map((seat, polynomial) => ({ seat, dealer, polynomial })))
      .slice(0, thresholdOf(plan.dealers));
    const sum = Array.from({ length: thresholdOf(plan.receivers) }, (_, i) =>
      herumi.recoverKey(
        seats.map(({ seat, dealer, polynomial }) => ({
          seat,
          bytes: commitments(plan, dealings.get(dealer) ?? new Uint8Array(0), polynomial)[i] ?? new Uint8Array(0),
        })),
        sharesScale(seatsCount(plan.dealers)),
      ),
    );
    expect(combineDealings(plan, dealings)).toEqual(expected(plan, sum));
    expect(hex(sum[0])).toBe(old?.group_key);
  });

  function generation(powers: readonly number[]) {
    const fresh = new Generation(people(powers));
    return { plan: fresh.plan, dealings: new Map(fresh.plan.dealers.map((_, i) => [i, fresh.deal(i)])) };
  }
});
