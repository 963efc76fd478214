// Whose votes count at which height: memberships as the rules use them. They change by executing blocks, two heights ahead.
import { membershipHash } from '#schemas/consensus/membership-codec.ts';
import type { Membership, ValidatorSet } from '#schemas/consensus/types.ts';
import { present } from '../primitives/assert.ts';
import { quorum } from '../primitives/quorum.ts';
import type { Crypto } from './types.ts';

/** A membership on its chain. */
export type Electorate = Membership & {
  readonly chain: string;
  /** Power that decides. */
  readonly quorum: number;
  /** What headers call the membership by, hex. */
  readonly hash: string;
  readonly crypto: Pick<Crypto, 'sha256' | 'verify'>;
};

/** @param quorumOf replaced where a test plants a bug */
export const electorateOf = (
  chain: string,
  membership: Membership,
  crypto: Electorate['crypto'],
  quorumOf: (total: number) => number = quorum,
): Electorate => ({
  ...membership,
  chain,
  quorum: quorumOf(totalPower(membership.validators)),
  hash: hashOf(membership),
  crypto,
});

/** Power of the whole set. */
export const totalPower = (validators: ValidatorSet): number =>
  validators.reduce((sum, validator) => sum + validator.power, 0);

/** Place of a key id in the set, −1 where it is not in it. */
export const indexOf = (validators: ValidatorSet, id: string): number =>
  validators.findIndex((validator) => validator.id === id);

/** The nodes of a process mostly share their memberships. */
const hashes = new WeakMap<Membership, string>();

function hashOf(membership: Membership): string {
  const hash = hashes.get(membership) ?? membershipHash(membership);
  hashes.set(membership, hash);
  return hash;
}

/** Electorates kept of earlier epochs: who asks for old blocks mostly goes on with the next ones. */
const KEPT_EPOCHS = 8;

/** The electorates that a node knows: of every height up to two after the last final one. */
export class Electorates {
  readonly #membership: (height: number) => Membership;
  readonly #make: (membership: Membership) => Electorate;
  /** By epoch: mostly the set stays, and so does all that was made of it. */
  readonly #made = new Map<number, Electorate>();
  /** Of `#height` and the two heights after it. */
  #known: readonly Electorate[];
  #height: number;
  #members: ReadonlySet<string>;

  /**
   * @param height the last final one
   * @param membership of any height up to two after it, as the executed blocks have fixed them
   */
  constructor(
    height: number,
    membership: (height: number) => Membership,
    make: (membership: Membership) => Electorate,
  ) {
    this.#membership = membership;
    this.#make = make;
    this.#height = height;
    this.#known = [0, 1, 2].map((ahead) => this.#electorate(height + ahead));
    this.#members = membersOf(this.#known);
  }

  /** A block was executed: the membership two heights after it is known now. */
  advance(height: number): void {
    const before = this.#known;
    this.#height = height;
    this.#known = [...before.slice(1), this.#electorate(height + 2)];
    if (new Set([...before, ...this.#known]).size > 1) this.#members = membersOf(this.#known);
  }

  /** Of a height up to two after the last final one. */
  at(height: number): Electorate {
    const known = this.#known[height - this.#height] ?? (height < this.#height ? this.#electorate(height) : undefined);
    return present(known, `the electorate of height ${height} is known`);
  }

  /** The same; also of a later height that a statement of this epoch is about, if that is the last known epoch: an epoch has one set. */
  find(height: number, epoch?: number): Electorate | undefined {
    if (height <= this.#height + 2) return this.at(height);
    const last = this.#known.at(-1);
    return last?.epoch === epoch ? last : undefined;
  }

  /** Whether this key id is in the set of the last final height or of one of the two after it. */
  isMember(id: string): boolean {
    return this.#members.has(id);
  }

  #electorate(height: number): Electorate {
    const membership = this.#membership(Math.max(height, 1));
    const known = this.#made.get(membership.epoch);
    if (known !== undefined) return known;
    const made = this.#make(membership);
    const [oldest] = this.#made.keys();
    if (this.#made.size >= KEPT_EPOCHS && oldest !== undefined) this.#made.delete(oldest);
    this.#made.set(membership.epoch, made);
    return made;
  }
}

const membersOf = (electorates: readonly Electorate[]): ReadonlySet<string> =>
  new Set([...new Set(electorates)].flatMap(({ validators }) => validators.map(({ id }) => id)));
