// Sets of validators that generate a key together, for tests: real keys, real dealings, no ledger.
import { combineDealings } from '#machines/beacon/dealing.ts';
import { type BeaconMember, type DealingPlan, generationHash, seatsCount, seatsOf } from '#machines/beacon/plan.ts';
import { recover, signPartial } from '#runtime/consensus/beacon.ts';
import { composeShares, makeDealing, type OwnGeneration, openDealing } from '#runtime/consensus/dealer.ts';
import { type EncryptionKey, encryptionKey } from '#runtime/keys/encryption-key.ts';

/** A validator, and what it alone knows. */
export type Person = { readonly id: string; readonly power: number; readonly key: EncryptionKey };
/** A set that holds a key. */
export type Keyed = {
  readonly people: readonly Person[];
  readonly members: readonly BeaconMember[];
  readonly group_key: string;
  /** Secret shares of each member, hex, one a seat. */
  readonly secrets: readonly (readonly string[])[];
};

export const person = (number: number, power: number): Person => ({
  id: number.toString(16).padStart(64, '0'),
  power,
  key: encryptionKey(new Uint8Array(32).fill(number)),
});
export const people = (powers: readonly number[], first = 1): readonly Person[] =>
  powers.map((power, i) => person(first + i, power));

export const memberOf = ({ id, power, key }: Person, beacon_shares: readonly string[] = []): BeaconMember => ({
  id,
  power,
  beacon_shares,
  encryption_key: Buffer.from(key.public).toString('hex'),
});

/** One generation with all that its parties need. */
export class Generation {
  readonly plan: DealingPlan;
  readonly hash: Uint8Array;
  readonly #old: Keyed | undefined;
  readonly #people: readonly Person[];

  constructor(receivers: readonly Person[], old?: Keyed, epoch = 1) {
    const members = receivers.map((one) => memberOf(one));
    this.plan =
      old === undefined
        ? { kind: 'fresh', dealers: members, receivers: members }
        : { kind: 'reshare', dealers: old.members, receivers: members };
    this.hash = generationHash({ chain: 'ab'.repeat(32), epoch, opened_height: 7 }, this.plan);
    this.#old = old;
    this.#people = receivers;
  }

  own({ key }: Person): OwnGeneration {
    return { generation: this.hash, plan: this.plan, key };
  }

  dealer(i: number): Person {
    return (this.#old?.people ?? this.#people)[i] ?? this.#people[0] ?? person(0, 0);
  }

  secrets(i: number): readonly string[] {
    return this.#old?.secrets[i] ?? [];
  }

  deal(i: number): Uint8Array {
    return makeDealing(this.own(this.dealer(i)), i, this.secrets(i));
  }

  /** What these dealers make, where all went well. */
  end(dealers: Iterable<number> = this.plan.dealers.keys()): Keyed | undefined {
    const dealings = new Map([...dealers].map((i) => [i, this.deal(i)]));
    const key = combineDealings(this.plan, dealings);
    if (key === undefined) return undefined;
    const secrets = this.#people.map((one, receiver) => {
      const dealt = [...dealings].map(
        ([dealer, bytes]) => [dealer, openDealing(this.own(one), dealer, receiver, bytes) ?? []] as const,
      );
      return composeShares(this.plan, receiver, new Map(dealt)) ?? [];
    });
    const members = this.#people.map((one, i) => memberOf(one, key.shares[i]));
    return { people: this.#people, members, group_key: key.group_key, secrets };
  }
}

/** The signature that these seats of the set make together. */
export function signatureOf({ members, secrets }: Keyed, seats: readonly number[], message: Uint8Array) {
  const secretOf = new Map(
    members.flatMap((_, i) => seatsOf(members, i).map((seat, k) => [seat, secrets[i]?.[k] ?? ''] as const)),
  );
  const partials = seats.map((seat) => ({ seat, signature: signPartial(secretOf.get(seat) ?? '', message) }));
  return recover(partials, seatsCount(members));
}
