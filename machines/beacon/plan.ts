// Who deals to whom in one key generation, how many shares recover, and what a generation is called.
import { sha256 } from '@noble/hashes/sha2.js';
import { hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { LayoutWriter } from '#schemas/consensus/fixed-layout.ts';
import { TAG } from '#schemas/wire/tags.ts';
import { quorum } from '../primitives/quorum.ts';

/** What a key generation knows of a validator: its seats, their public shares where it has some, and whom to encrypt to. */
export type BeaconMember = {
  /** Ed25519 public key, hex. */
  readonly id: string;
  /** Seats: shares of the beacon's key. */
  readonly power: number;
  /** Public share of each seat, 48 bytes of G1 in hex; empty while the set has no key. */
  readonly beacon_shares: readonly string[];
  /** X25519 public key, hex. */
  readonly encryption_key: string;
};

/**
 * `fresh`: a first key, dealt by the proposed set to itself. `reshare`: the old set hands its key to the proposed set.
 * Dealers and receivers are named by their index in these sets.
 */
export type DealingPlan = {
  readonly kind: 'fresh' | 'reshare';
  /** The old set when resharing; the proposed one, as `receivers`, when fresh. */
  readonly dealers: readonly BeaconMember[];
  readonly receivers: readonly BeaconMember[];
};

/** The seats of a set: W. */
export const seatsCount = (members: readonly BeaconMember[]): number =>
  members.reduce((sum, { power }) => sum + power, 0);

/** Shares that recover: a quorum of power holds as many (t). */
export const thresholdOf = (members: readonly BeaconMember[]): number => quorum(seatsCount(members));

/** The seats of one member, numbered 1 … W in the order of the set. */
export function seatsOf(members: readonly BeaconMember[], index: number): readonly number[] {
  const first = seatsCount(members.slice(0, index)) + 1;
  return Array.from({ length: members[index]?.power ?? 0 }, (_, i) => first + i);
}

/** Polynomials that a dealer deals: one, or one for each share that it hands on. */
export const polynomialsCount = ({ kind, dealers }: DealingPlan, dealer: number): number =>
  kind === 'fresh' ? 1 : (dealers[dealer]?.power ?? 0);

/** Where and when a generation takes place. */
export type GenerationPlace = {
  readonly chain: string;
  /** The epoch that is to begin. */
  readonly epoch: number;
  /** The height at which it was opened: a second attempt at the same epoch has another. */
  readonly opened_height: number;
};

/**
 * The generation's name, 32 bytes. Everything that a dealer draws and encrypts is bound to it: two generations that differ in
 * anything share no polynomial, or a minority of each could together hold as many points of it as recover.
 */
export function generationHash({ chain, epoch, opened_height }: GenerationPlace, plan: DealingPlan): Uint8Array {
  const place = new LayoutWriter(64).raw(TAG.generation).hash(chain).u64(epoch).u64(opened_height).bytes;
  const members = [plan.dealers, plan.receivers].map((set) =>
    set.map(({ id, power, beacon_shares, encryption_key }) => [id, power, beacon_shares, encryption_key]),
  );
  return sha256
    .create()
    .update(place)
    .update(utf8ToBytes(JSON.stringify([plan.kind, members])))
    .digest();
}

/**
 * What `keygen.commit` states before any dealing is known: nobody can choose his after he has seen another's, and nobody can
 * state another's as his own.
 *
 * @param generation of `generationHash`
 * @param id the dealer's key, hex
 */
export const dealingHash = (generation: Uint8Array, id: string, dealing: Uint8Array): Uint8Array =>
  sha256.create().update(TAG.dealing).update(generation).update(hexToBytes(id)).update(dealing).digest();
