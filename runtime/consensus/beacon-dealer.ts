// Deals the shares of a beacon's key: for local networks and tests, where one party may know them all.
import { createHmac } from 'node:crypto';
import { SecretKey } from '@chainsafe/blst';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { sharesScale } from '#machines/beacon/lagrange.ts';

/** One seat's share: the secret 32 bytes big-endian and the public key (48 bytes, G1), both hex. */
export type BeaconShare = { readonly secret: string; readonly public: string };
export type BeaconDeal = { readonly group_key: string; readonly shares: readonly BeaconShare[] };

const { Fr } = bls12_381.fields;

/**
 * A trusted dealer, for local networks and tests only: Shamir's shares of a random polynomial of degree `threshold` − 1. Any
 * `threshold` of them make the group's signature, fewer learn nothing about it. Seat `k` has the value at k, divided by `sharesScale`.
 *
 * @param seed 32 random bytes that nobody keeps: who knows them knows every beacon
 */
export function dealShares(seats_count: number, threshold: number, seed: Uint8Array): BeaconDeal {
  const coefficients = Array.from({ length: threshold }, (_, i) => scalar(seed, i));
  const at = (x: bigint): bigint => coefficients.reduceRight((sum, c) => Fr.add(Fr.mul(sum, x), c), 0n);
  const scale = sharesScale(seats_count);
  const shares = Array.from({ length: seats_count }, (_, i) => shareOf(Fr.div(at(BigInt(i + 1)), scale)));
  return { group_key: shareOf(at(0n)).public, shares };
}

function shareOf(secret: bigint): BeaconShare {
  const hex = secret.toString(16).padStart(64, '0');
  return { secret: hex, public: SecretKey.fromHex(hex).toPublicKey().toHex().replace(/^0x/, '') };
}

/** 512 pseudorandom bits modulo the group order: no visible bias (RFC 9380 §5). */
const scalar = (seed: Uint8Array, index: number): bigint =>
  Fr.create(BigInt(`0x${createHmac('sha512', seed).update(`beacon coefficient ${index}`).digest('hex')}`));
