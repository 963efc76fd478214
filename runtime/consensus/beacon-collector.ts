// Gathers the shares of the beacon of one height at a time; recovers with the first that suffice and verifies once.
import { beaconMessage } from '#schemas/consensus/beacon.ts';
import type { ValidatorSet } from '#schemas/consensus/types.ts';
import { recover, verifyBls } from './beacon.ts';

/** Heights after the last known beacon for which shares are kept: the one to recover, and peers may commit a little earlier. */
const HEIGHTS_AHEAD = 3;

/** The share of the validator with this index, which has one seat. */
type Partial = { readonly validator: number; readonly signature: Uint8Array };

export type BeaconKeys = {
  readonly chain: string;
  readonly epoch: number;
  /** Group key, 48 bytes, hex. */
  readonly group_key: string;
  readonly validators: ValidatorSet;
  /** Shares that recover: 2f + 1. */
  readonly threshold: number;
};

/** What a share led to: `recovered` the height's signature, `invalid` shares were found by these validators. */
export type Gathered = { readonly recovered?: Uint8Array; readonly invalid: readonly number[] };
const NOTHING: Gathered = { invalid: [] };

export class BeaconCollector {
  readonly #keys: BeaconKeys;
  readonly #partials = new Map<number, Map<number, Uint8Array>>();
  /** Last height whose beacon is known; shares up to it are of no use. */
  #done: number;

  /** @param done last height whose beacon is known */
  constructor(keys: BeaconKeys, done: number) {
    this.#keys = keys;
    this.#done = done;
  }

  /** Keep a share; the first one of each validator counts until it is found false. */
  add(height: number, partial: Partial): void {
    if (height <= this.#done || height > this.#done + HEIGHTS_AHEAD) return;
    if (this.#keys.validators[partial.validator] === undefined) return;
    const shares = this.#partials.get(height) ?? new Map<number, Uint8Array>();
    if (!shares.has(partial.validator)) shares.set(partial.validator, partial.signature);
    this.#partials.set(height, shares);
  }

  /** The height's beacon, if enough shares are here. Only to be asked for a committed height. */
  gather(height: number): Gathered {
    const shares = this.#partials.get(height);
    return shares === undefined || shares.size < this.#keys.threshold ? NOTHING : this.#tryRecover(height, shares);
  }

  /** The beacons up to this height are known or no longer asked for. */
  settle(height: number): void {
    if (height <= this.#done) return;
    this.#done = height;
    for (const old of this.#partials.keys()) if (old <= height) this.#partials.delete(old);
  }

  #tryRecover(height: number, shares: Map<number, Uint8Array>): Gathered {
    const message = beaconMessage(this.#keys.chain, this.#keys.epoch, height);
    const partials = [...shares]
      .slice(0, this.#keys.threshold)
      .map(([validator, signature]) => ({ validator, signature }));
    const seated = partials.map(({ validator, signature }) => ({ seat: validator + 1, signature }));
    const recovered = recover(seated, this.#keys.validators.length);
    if (recovered !== undefined && verifyBls(this.#keys.group_key, message, recovered)) {
      this.settle(height);
      return { recovered, invalid: [] };
    }
    const invalid = partials.filter((partial) => !this.#isShare(partial, message)).map(({ validator }) => validator);
    for (const validator of invalid) shares.delete(validator);
    return invalid.length > 0 && shares.size >= this.#keys.threshold
      ? { ...this.#tryRecover(height, shares), invalid }
      : { invalid };
  }

  #isShare({ validator, signature }: Partial, message: Uint8Array): boolean {
    return verifyBls(this.#keys.validators[validator]?.beacon_share ?? '', message, signature);
  }
}
