// The sets whose certificates a light client counts: that of the genesis, and each later one once the one before has named it.
import { type Electorate, electorateOf } from '#machines/consensus/electorate.ts';
import { judgeHandover } from '#machines/consensus/light.ts';
import type { HandoverJson } from '#schemas/consensus/certified-header.ts';
import { decodeMembership } from '#schemas/consensus/membership-codec.ts';
import { readCertifiedHeader } from '../gateway/proven-rows.ts';
import { LightError } from './light-error.ts';

export class TrustedSets {
  /** By epoch. */
  readonly #known: Electorate[];
  readonly #handover: (epoch: number) => Promise<HandoverJson>;

  /** @param handover what a gateway shows of an epoch; believed nothing */
  constructor(genesis: Electorate, handover: (epoch: number) => Promise<HandoverJson>) {
    this.#known = [genesis];
    this.#handover = handover;
  }

  /** The set of an epoch, from the last known one on, epoch by epoch. @throws LightError where one was not named by the one before */
  async of(epoch: number): Promise<Electorate> {
    for (let known = this.#known[epoch]; ; known = this.#known[epoch]) {
      if (known !== undefined) return known;
      this.#known.push(await this.#next());
    }
  }

  async #next(): Promise<Electorate> {
    const before = this.#known.at(-1) as Electorate;
    const json = await this.#handover(before.epoch + 1);
    const header = readCertifiedHeader(before, json);
    const membership = decodeMembership(Buffer.from(json.membership, 'hex'));
    if (!header.ok) throw new LightError(header.code, header.detail ?? 'header');
    if (!membership.ok) throw new LightError(membership.code, membership.detail ?? 'membership');
    const next = judgeHandover({ epoch: before.epoch, validators_hash: before.hash }, header.value, membership.value);
    if (!next.ok) throw new LightError(next.code, next.detail ?? 'membership');
    return electorateOf(before.chain, next.value, before.crypto);
  }
}
