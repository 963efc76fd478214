// The arithmetic of shares: values of a polynomial at the seats 1 … W, put together at 0.
import { Fr } from './points.ts';

/** Largest count whose factorial is below 2^255: beyond it, weights would be longer than the numbers modulo the order. */
const MAX_SCALED_COUNT = 57;

/**
 * W! of a set with W seats: times this, each Lagrange coefficient between any of its seats is whole (Shoup, Practical Threshold
 * Signatures, 2000, §3.1). A seat's share is the polynomial's value divided by it, so that partials are put together by few
 * additions. Above 57 seats it is 1: whole weights would be larger than those modulo the order of the group.
 */
export const sharesScale = (count: number): bigint =>
  count > MAX_SCALED_COUNT ? 1n : Array.from({ length: count }, (_, i) => BigInt(i + 1)).reduce((a, b) => a * b, 1n);

/** The value at 0 is Σ weights[i] · value at seats[i], divided by `divisor`; all whole and without a common factor. */
export type Weights = { readonly weights: readonly bigint[]; readonly divisor: bigint };

/** The Lagrange coefficients at 0 of distinct seats as whole numbers: short ones where the seats have few gaps. */
export function wholeWeights(seats: readonly number[]): Weights {
  const fractions = seats.map((seat) => reduced(coefficientOf(seat, seats)));
  const divisor = fractions.reduce((least, { below }) => (least / gcd(least, below)) * below, 1n);
  return { weights: fractions.map(({ above, below }) => above * (divisor / below)), divisor };
}

/**
 * Weights at 0 of partials of a set of `count`, whose shares were divided by `sharesScale(count)`: exact whole numbers up to 57
 * seats, beyond them numbers modulo the order of the group.
 */
export function partialWeights(seats: readonly number[], count: number): readonly bigint[] {
  const scale = sharesScale(count);
  return seats.map((seat) => {
    const { above, below } = coefficientOf(seat, seats);
    return count > MAX_SCALED_COUNT ? Fr.div(Fr.create(above), Fr.create(below)) : (above * scale) / below;
  });
}

type Fraction = { readonly above: bigint; readonly below: bigint };

/** Π i / (i − seat) over the other seats. */
function coefficientOf(seat: number, seats: readonly number[]): Fraction {
  let [above, below] = [1n, 1n];
  for (const other of seats) {
    if (other === seat) continue;
    above *= BigInt(other);
    below *= BigInt(other - seat);
  }
  return { above, below };
}

/** In lowest terms, with a positive denominator. */
function reduced({ above, below }: Fraction): Fraction {
  const common = below < 0n ? -gcd(above, below) : gcd(above, below);
  return { above: above / common, below: below / common };
}

/** Greatest common divisor, positive. */
function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a, b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x < 0n ? -x : x;
}
