// The beacon's key and its algebra: threshold BLS12-381, keys in G1, signatures in G2 (the "POP" suite of draft-irtf-cfrg-bls-signature-05).
import { aggregateSignatures, PublicKey, SecretKey, Signature, verify } from '@chainsafe/blst';

/** A share of the signature, by the validator with this index. */
export type Partial = { readonly validator: number; readonly signature: Uint8Array };

/** Sign with a share: 0.6 ms. @param secret hex */
export const signPartial = (secret: string, message: Uint8Array): Uint8Array =>
  SecretKey.fromHex(secret).sign(message).toBytes();

/** Whether it is the signature under this key, the group's or a share's: 1.4 ms. Never throws. @param key 48 bytes, hex */
export function verifyBls(key: string, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    return verify(message, PublicKey.fromHex(key), Signature.fromBytes(signature, true));
  } catch {
    return false; // not the encoding of a point of the group
  }
}

/**
 * n! of a set: times this, each Lagrange coefficient between any of its places 1 … n is whole (Shoup, Practical Threshold
 * Signatures, 2000, §3.1). What is dealt is divided by it, so that shares are put together by additions alone.
 */
export const sharesScale = (count: number): bigint => (count < 2 ? 1n : BigInt(count) * sharesScale(count - 1));

/**
 * The group's signature from `threshold` partials of a set of `count` (Lagrange at 0), or undefined where one is no point: 0.2 ms
 * for three of four. Unverified, and shares may lie outside the group: the result is verified, which costs less.
 */
export function recover(partials: readonly Partial[], count: number): Uint8Array | undefined {
  try {
    return sumOf(partials.map((partial) => termOf(partial, weightOf(partial, partials, count))))?.toBytes();
  } catch {
    return undefined;
  }
}

/** A point so many times. */
type Term = { readonly point: Signature; readonly times: bigint };

/** The Lagrange coefficient at 0 of this partial's place among the places, times n!. */
function weightOf({ validator }: Partial, among: readonly Partial[], count: number): bigint {
  const others = among.filter((other) => other.validator !== validator);
  const above = others.reduce((product, other) => product * BigInt(other.validator + 1), sharesScale(count));
  return above / others.reduce((product, other) => product * BigInt(other.validator - validator), 1n);
}

/** The sign of y in a compressed point (ZCash's format): without it the point, with it its negative. */
const SIGN_OF_Y = 0x20;

function termOf({ signature }: Partial, weight: bigint): Term {
  if (weight > 0n) return { point: Signature.fromBytes(signature), times: weight };
  const negative = Uint8Array.from(signature, (byte, i) => (i === 0 ? byte ^ SIGN_OF_Y : byte));
  return { point: Signature.fromBytes(negative), times: -weight };
}

/** All terms at once, bit by bit from the highest: double, then add those that have the bit (Straus 1964). */
function sumOf(terms: readonly Term[]): Signature | undefined {
  let sum: Signature | undefined;
  const bits = Math.max(...terms.map(({ times }) => times.toString(2).length));
  for (let bit = BigInt(bits) - 1n; bit >= 0n; bit--) {
    const points = terms.filter(({ times }) => (times >> bit) & 1n).map(({ point }) => point);
    if (sum !== undefined) points.push(sum, sum);
    sum = aggregateSignatures(points);
  }
  return sum;
}
