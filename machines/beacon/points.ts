// Points of BLS12-381's G1 as dealings carry them, uncompressed: twice the bytes, and a hundredth of the time to read (no square root).
import { mulAddUnsafe } from '@noble/curves/abstract/curve.js';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { bytesToNumberBE } from '@noble/curves/utils.js';
import { bytesToHex } from '@noble/hashes/utils.js';

/** x | y, each 48 bytes big-endian: ZCash's uncompressed form, whose flags are all zero. */
export const POINT_BYTES = 96;
const COORDINATE_BYTES = 48;
/** A whole number below the order of the group, big-endian. */
export const SCALAR_BYTES = 32;

export const { Fr } = bls12_381.fields;
const { Fp } = bls12_381.fields;
const { Point } = bls12_381.G1;
export type Point = InstanceType<typeof Point>;
/** The curve is y² = x³ + 4. */
const B = 4n;
/** What `clear` multiplies by (RFC 9380 §8.8.1, h_eff): it takes away whatever of a point lies outside the group. */
export const COFACTOR = 0xd201000000010001n;

/**
 * A point of the curve, perhaps outside the group: what is told from dealings is `clear`ed once at the end, which costs less than
 * a check of each point. Undefined where the bytes are none; infinity has no such form.
 */
export function readPoint(bytes: Uint8Array): Point | undefined {
  if (bytes.length !== POINT_BYTES) return undefined;
  const x = bytesToNumberBE(bytes.subarray(0, COORDINATE_BYTES));
  const y = bytesToNumberBE(bytes.subarray(COORDINATE_BYTES));
  const isOnCurve = x < Fp.ORDER && y < Fp.ORDER && Fp.sqr(y) === Fp.add(Fp.mul(Fp.sqr(x), x), B);
  return isOnCurve ? Point.fromAffine({ x, y }) : undefined;
}

/** 48 bytes in hex, as public shares are written; undefined where the point is outside the group. */
export function compressed(point: Point): string | undefined {
  try {
    return bytesToHex(point.toBytes());
  } catch {
    return undefined;
  }
}

/** A scalar of its bytes, 1 ≤ s < order; undefined for others. */
export function readScalar(bytes: Uint8Array): bigint | undefined {
  if (bytes.length !== SCALAR_BYTES) return undefined;
  const scalar = bytesToNumberBE(bytes);
  return scalar > 0n && scalar < Fr.ORDER ? scalar : undefined;
}

/** The generator times a scalar that may be secret. @param scalar 1 ≤ scalar < order */
export const generatorTimes = (scalar: bigint): Point => Point.BASE.multiply(scalar);

/** The point times the cofactor: in the group, whatever it was. */
export const clear = (point: Point): Point => point.clearCofactor();

/** Σ scalar · point, for public scalars of any sign and size. After `clear`, as if they had not been taken modulo the order. */
export function sumOf(points: readonly Point[], scalars: readonly bigint[]): Point {
  const signed = points.map((point, i) => ((scalars[i] ?? 0n) < 0n ? point.negate() : point));
  const sizes = scalars.map((scalar) => (scalar < 0n ? -scalar : scalar) % Fr.ORDER);
  return mulAddUnsafe(Point, signed, sizes);
}

/** The value at `seat` of the polynomial with these coefficients (Horner): small steps, since a seat has few bits. */
export function evaluate(coefficients: readonly Point[], seat: number): Point {
  const x = [BigInt(seat)];
  return coefficients.reduceRight((sum, coefficient) => sumOf([sum], x).add(coefficient), Point.ZERO);
}
