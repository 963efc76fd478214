// Gathers the shares of the beacon of one height at a time; recovers with the first that suffice and verifies once.
import { totalPower } from '#machines/consensus/electorate.ts';
import { quorum } from '#machines/primitives/quorum.ts';
import { beaconMessage } from '#schemas/consensus/beacon.ts';
import type { ConsensusMessage } from '#schemas/consensus/message-codec.ts';
import type { Membership } from '#schemas/consensus/types.ts';
import type { Code } from '#schemas/wire/codes.ts';
import { type Partial, recover, verifyBls } from './beacon.ts';

/** The shares of one validator: one for each of its seats, in order. */
export type BeaconShares = Extract<ConsensusMessage, { type: 'beacon.partial' }>;

/** Heights after the last known beacon for which shares are kept: the one to recover, and peers may commit a little earlier. */
const HEIGHTS_AHEAD = 3;

export type BeaconPlace = {
  readonly chain: string;
  /** What a height is run by, where it is known. */
  readonly membership: (height: number) => Membership | undefined;
};

/** What shares led to: `recovered` the height's signature, `invalid` shares were found by these validators. */
export type Gathered = { readonly recovered?: Uint8Array; readonly invalid: readonly number[] };
const NOTHING: Gathered = { invalid: [] };

export class BeaconCollector {
  readonly #place: BeaconPlace;
  /** By height and validator. */
  readonly #shares = new Map<number, Map<number, readonly Uint8Array[]>>();
  /** Last height whose beacon is known; shares up to it are of no use. */
  #done: number;

  /** @param done last height whose beacon is known */
  constructor(place: BeaconPlace, done: number) {
    this.#place = place;
    this.#done = done;
  }

  /** Keep what the member with this key id says; its first word counts until it is found false. Null, or why it is refused. */
  add(sender: string, { height, epoch, validator, signatures }: BeaconShares): Code | null {
    if (height <= this.#done || height > this.#done + HEIGHTS_AHEAD) return null;
    const membership = this.#place.membership(height);
    if (membership === undefined) return null;
    const member = membership.validators[validator];
    if (epoch !== membership.epoch) return 'EPOCH_MISMATCH';
    if (member?.id !== sender) return 'SENDER_MISMATCH';
    if (signatures.length !== member.beacon_shares.length) return 'BEACON_SHARE_INVALID';
    const shares = this.#shares.get(height) ?? new Map<number, readonly Uint8Array[]>();
    if (!shares.has(validator)) shares.set(validator, signatures);
    this.#shares.set(height, shares);
    return null;
  }

  /** The height's beacon, if enough shares are here. Only to be asked for a committed height. */
  gather(height: number): Gathered {
    const shares = this.#shares.get(height);
    const membership = this.#place.membership(height);
    return shares === undefined || membership === undefined ? NOTHING : this.#tryRecover(membership, height, shares);
  }

  /** The beacons up to this height are known or no longer asked for. */
  settle(height: number): void {
    if (height <= this.#done) return;
    this.#done = height;
    for (const old of this.#shares.keys()) if (old <= height) this.#shares.delete(old);
  }

  #tryRecover(membership: Membership, height: number, shares: Map<number, readonly Uint8Array[]>): Gathered {
    const { epoch, validators, beacon_key } = membership;
    const seats_count = totalPower(validators);
    const threshold = quorum(seats_count);
    const partials = inSeats(membership, shares).slice(0, threshold);
    if (beacon_key === null || partials.length < threshold) return NOTHING;
    const message = beaconMessage(this.#place.chain, epoch, height);
    const recovered = recover(partials, seats_count);
    if (recovered !== undefined && verifyBls(beacon_key, message, recovered)) {
      this.settle(height);
      return { recovered, invalid: [] };
    }
    const isFalse = ({ public_share, signature }: SeatShare) => !verifyBls(public_share, message, signature);
    const invalid = new Set(partials.filter(isFalse).map(({ validator }) => validator));
    for (const validator of invalid) shares.delete(validator);
    if (invalid.size === 0) return NOTHING;
    const again = this.#tryRecover(membership, height, shares);
    return { ...again, invalid: [...invalid, ...again.invalid] };
  }
}

/** A share of one seat, and what it is checked by. */
type SeatShare = Partial & { readonly validator: number; readonly public_share: string };

/** Share by share with the seats that they are of, in the order in which they arrived. */
function inSeats({ validators }: Membership, shares: ReadonlyMap<number, readonly Uint8Array[]>): SeatShare[] {
  return [...shares].flatMap(([validator, signatures]) => {
    const first = totalPower(validators.slice(0, validator)) + 1;
    return signatures.map((signature, i) => {
      const public_share = validators[validator]?.beacon_shares[i] ?? '';
      return { seat: first + i, signature, validator, public_share };
    });
  });
}
