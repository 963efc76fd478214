// Key generation without a dealer, as the ledger judges it: is a dealing right, is what was revealed what it commits to, and what
// key do the qualified ones make. Verifiable secret sharing of Feldman (1987) by many dealers (Pedersen 1991; Gennaro et al. 2003);
// resharing as Desmedt and Jajodia (1997).
import type { Code } from '#schemas/wire/codes.ts';
import { assert } from '../primitives/assert.ts';
import { sharesScale, wholeWeights } from './lagrange.ts';
import { readCommitments } from './layout.ts';
import { type DealingPlan, seatsCount, seatsOf, thresholdOf } from './plan.ts';
import { COFACTOR, clear, compressed, evaluate, Fr, generatorTimes, type Point, readScalar, sumOf } from './points.ts';

/** The beacon's key as a set holds it: all hex, 48 bytes of G1 each. */
export type BeaconKey = {
  readonly group_key: string;
  /** Public share of each seat, receiver by receiver. */
  readonly shares: readonly (readonly string[])[];
};

/**
 * Whether the bytes are a dealing of this dealer: the plan's size, points of the curve, and for a reshare polynomials that hand
 * on just the dealer's shares. What is encrypted is for its receivers to check. 7 µs a point; never throws.
 *
 * @param dealer index in `plan.dealers`
 * @returns VALIDATOR_UNKNOWN, DEALING_MALFORMED, DEALING_SHARE_MISMATCH, or null where it is right
 */
export function checkDealing(plan: DealingPlan, dealer: number, bytes: Uint8Array): Code | null {
  const member = plan.dealers[dealer];
  if (member === undefined) return 'VALIDATOR_UNKNOWN';
  const polynomials = readCommitments(plan, dealer, bytes);
  if (polynomials === undefined) return 'DEALING_MALFORMED';
  if (plan.kind === 'fresh') return null;
  const isHandedOn = polynomials.every(([first], i) => first && compressed(first) === member.beacon_shares[i]);
  return isHandedOn ? null : 'DEALING_SHARE_MISMATCH';
}

/**
 * Whether these are the shares that a right dealing commits to: one scalar of 32 bytes, big-endian, for each pair of polynomial
 * and seat of the receiver, polynomial by polynomial. Some 2 ms a share at t = 34, 4 ms at 86; never throws.
 */
export function checkRevealed(
  plan: DealingPlan,
  dealer: number,
  dealing: Uint8Array,
  receiver: number,
  shares: readonly Uint8Array[],
): boolean {
  const seats = seatsOf(plan.receivers, receiver);
  const dealt = readCommitments(plan, dealer, dealing)?.flatMap((polynomial) =>
    seats.map((seat) => ({ polynomial, seat })),
  );
  if (dealt === undefined || dealt.length === 0 || dealt.length !== shares.length) return false;
  return dealt.every(({ polynomial, seat }, i) => {
    const share = readScalar(shares[i] ?? new Uint8Array(0));
    return share !== undefined && isValueAt(polynomial, seat, share);
  });
}

function isValueAt(polynomial: readonly Point[], seat: number, share: bigint): boolean {
  return clear(evaluate(polynomial, seat).subtract(generatorTimes(share))).is0();
}

/** One polynomial that counts: the new one is `factor` · Σ weight · polynomial, and shares are its values divided by `sharesScale`. */
export type Term = { readonly dealer: number; readonly polynomial: number; readonly weight: bigint };
export type Combination = { readonly terms: readonly Term[]; readonly factor: bigint };

/**
 * Which polynomials count and how much. Fresh: all of the qualified dealers, who must hold a quorum of the seats. Reshare: those
 * of the first t qualified old seats, weighted so that the values at 0 make the old key. Undefined where they do not suffice.
 */
export function combinationOf(plan: DealingPlan, qualified: Iterable<number>): Combination | undefined {
  const threshold = thresholdOf(plan.dealers);
  const seats = [...new Set(qualified)]
    .sort((a, b) => a - b)
    .flatMap((dealer) => seatsOf(plan.dealers, dealer).map((seat, polynomial) => ({ dealer, polynomial, seat })));
  if (seats.length < threshold) return undefined;
  if (plan.kind === 'fresh') {
    const terms = seats.filter(({ polynomial }) => polynomial === 0).map((term) => ({ ...term, weight: 1n }));
    return { terms, factor: 1n };
  }
  const counted = seats.slice(0, threshold);
  const { weights, divisor } = wholeWeights(counted.map(({ seat }) => seat));
  const terms = counted.map((term, i) => ({ ...term, weight: weights[i] ?? 0n }));
  return { terms, factor: Fr.div(sharesScale(seatsCount(plan.dealers)), Fr.create(divisor)) };
}

/**
 * The key that the qualified dealings make, or undefined where they do not suffice. A reshare's group key is the old one, since
 * the old public shares are. 0.3 s for 50 seats to 50; never throws on dealings that passed `checkDealing`.
 *
 * @param qualified index of the dealer → its dealing, found right, and every complaint about it justified
 */
export function combineDealings(plan: DealingPlan, qualified: ReadonlyMap<number, Uint8Array>): BeaconKey | undefined {
  const combination = combinationOf(plan, qualified.keys());
  if (combination === undefined) return undefined;
  const scale = sharesScale(seatsCount(plan.receivers));
  const polynomial = scaledSum(plan, qualified, combination, scale);
  return {
    group_key: hexOf(sumOf([evaluate(polynomial, 0)], [scale])),
    shares: plan.receivers.map((_, i) => seatsOf(plan.receivers, i).map((seat) => hexOf(evaluate(polynomial, seat)))),
  };
}

/** The coefficients of the new polynomial divided by the scale, as points of the group. */
function scaledSum(
  plan: DealingPlan,
  qualified: ReadonlyMap<number, Uint8Array>,
  { terms, factor }: Combination,
  scale: bigint,
): Point[] {
  const read = new Map([...qualified].map(([dealer, bytes]) => [dealer, readCommitments(plan, dealer, bytes)]));
  const summands = terms.map(({ dealer, polynomial }) => read.get(dealer)?.[polynomial] ?? []);
  const weights = terms.map(({ weight }) => weight);
  const times = [Fr.div(factor, Fr.mul(scale, COFACTOR))];
  return Array.from({ length: thresholdOf(plan.receivers) }, (_, i) => {
    const points = summands.flatMap((polynomial) => polynomial[i] ?? []);
    assert(points.length === terms.length, 'a qualified dealing was checked');
    return sumOf([clear(sumOf(points, weights))], times);
  });
}

function hexOf(point: Point): string {
  const hex = compressed(point);
  assert(hex !== undefined, 'what was cleared is in the group');
  return hex;
}
