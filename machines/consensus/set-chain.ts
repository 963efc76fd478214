// The validator sets from a trusted one on, each believed because a quorum of the one before named it. Nothing is executed.
import type { Handover } from '#schemas/consensus/handover-codec.ts';
import { decodeMembership } from '#schemas/consensus/membership-codec.ts';
import { accept, type Result } from '#schemas/wire/codes.ts';
import { checkCertifiedHeader } from './certified-header.ts';
import { type Electorate, electorateOf } from './electorate.ts';
import { judgeHandover } from './light.ts';

export class SetChain {
  readonly #anchor: Electorate;
  /** In order of epochs, without a gap. */
  readonly #sets: Electorate[];

  /** @param anchor what is trusted: the set of the genesis, or that of a checkpoint */
  constructor(anchor: Electorate) {
    this.#anchor = anchor;
    this.#sets = [anchor];
  }

  get newest(): Electorate {
    return this.#sets.at(-1) ?? this.#anchor;
  }

  /** The set of an epoch; undefined before the anchor's, and where nothing has led there yet. */
  of(epoch: number): Electorate | undefined {
    return this.#sets[epoch - this.#anchor.epoch];
  }

  /** The set that runs a height, as far as is known: a later one may have taken over meanwhile. Undefined before the anchor's epoch. */
  at(height: number): Electorate | undefined {
    return this.#sets.findLast(({ first_height }) => first_height <= height);
  }

  /** Go on by one epoch. Refusals: LIGHT_SET_CHANGED, MEMBERSHIP_MALFORMED, and those of a certified header. */
  take({ header, certificate, membership }: Handover): Result<Electorate> {
    const before = this.newest;
    const certified = checkCertifiedHeader(before, header, certificate);
    if (!certified.ok) return certified;
    const decoded = decodeMembership(membership);
    if (!decoded.ok) return decoded;
    const trusted = { epoch: before.epoch, validators_hash: before.hash };
    const next = judgeHandover(trusted, certified.value, decoded.value);
    if (!next.ok) return next;
    const set = electorateOf(before.chain, next.value, before.crypto);
    this.#sets.push(set);
    return accept(set);
  }

  /** Go on by these, as far as they are new. Refusals as of one. */
  takeAll(handovers: readonly Handover[]): Result<Electorate> {
    for (const handover of handovers) {
      const membership = decodeMembership(handover.membership);
      if (membership.ok && membership.value.epoch <= this.newest.epoch) continue;
      const next = this.take(handover);
      if (!next.ok) return next;
    }
    return accept(this.newest);
  }
}
