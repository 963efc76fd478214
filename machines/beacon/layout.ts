// The bytes of a dealing: their places follow from the plan alone, so there is one form and no length that could lie.
import { type DealingPlan, polynomialsCount, seatsCount, thresholdOf } from './plan.ts';
import { POINT_BYTES, type Point, readPoint, SCALAR_BYTES } from './points.ts';

/** The dealing's own X25519 public key. */
export const EPHEMERAL_KEY_BYTES = 32;
/** Authentication tag of ChaCha20-Poly1305 (RFC 8439 §2.8). */
export const TAG_BYTES = 16;

/**
 * ephemeral key 32 | commitments: each polynomial's t coefficients as points, lowest first, 96 each | for each receiver its
 * shares, encrypted: each polynomial's value at each of its seats 32, tag 16.
 */
export const dealingBytes = (plan: DealingPlan, dealer: number): number =>
  EPHEMERAL_KEY_BYTES +
  commitmentsBytes(plan, dealer) +
  polynomialsCount(plan, dealer) * seatsCount(plan.receivers) * SCALAR_BYTES +
  plan.receivers.length * TAG_BYTES;

/** Shares that a dealer deals to a receiver: one for each pair of polynomial and seat, polynomial by polynomial. */
export const dealtCount = (plan: DealingPlan, dealer: number, receiver: number): number =>
  polynomialsCount(plan, dealer) * (plan.receivers[receiver]?.power ?? 0);

/** What is encrypted to a receiver, with its tag; the dealing has the plan's length. */
export function sealedPart(plan: DealingPlan, dealer: number, receiver: number, dealing: Uint8Array): Uint8Array {
  const before = plan.receivers.slice(0, receiver).map((_, i) => sealedBytes(plan, dealer, i));
  const first = EPHEMERAL_KEY_BYTES + commitmentsBytes(plan, dealer) + before.reduce((sum, size) => sum + size, 0);
  return dealing.subarray(first, first + sealedBytes(plan, dealer, receiver));
}

/** The commitments to each polynomial's coefficients; undefined where the size is not the plan's or one is no point of the curve. */
export function readCommitments(plan: DealingPlan, dealer: number, dealing: Uint8Array): Point[][] | undefined {
  if (plan.dealers[dealer] === undefined || dealing.length !== dealingBytes(plan, dealer)) return undefined;
  const threshold = thresholdOf(plan.receivers);
  const polynomials: Point[][] = [];
  for (let at = EPHEMERAL_KEY_BYTES; polynomials.length < polynomialsCount(plan, dealer); ) {
    const points: Point[] = [];
    for (; points.length < threshold; at += POINT_BYTES) {
      const point = readPoint(dealing.subarray(at, at + POINT_BYTES));
      if (point === undefined) return undefined;
      points.push(point);
    }
    polynomials.push(points);
  }
  return polynomials;
}

const commitmentsBytes = (plan: DealingPlan, dealer: number): number =>
  polynomialsCount(plan, dealer) * thresholdOf(plan.receivers) * POINT_BYTES;

const sealedBytes = (plan: DealingPlan, dealer: number, receiver: number): number =>
  dealtCount(plan, dealer, receiver) * SCALAR_BYTES + TAG_BYTES;
