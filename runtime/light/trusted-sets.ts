// The sets whose certificates a light client counts: that of the genesis or of a checkpoint, and each later one that follows from it.
import type { Electorate } from '#machines/consensus/electorate.ts';
import { SetChain } from '#machines/consensus/set-chain.ts';
import type { Handover } from '#schemas/consensus/handover-codec.ts';
import { LightError } from './light-error.ts';

/** Shows how the chain was handed over to the set of an epoch; believed nothing. */
export type HandoverSource = (epoch: number) => Promise<Handover>;

export class TrustedSets {
  readonly #chain: SetChain;
  readonly #source: HandoverSource;
  readonly #taken: Handover[] = [];

  /** @param anchor the set that is trusted without a proof */
  constructor(anchor: Electorate, source: HandoverSource) {
    this.#chain = new SetChain(anchor);
    this.#source = source;
  }

  /** The sets that are known by now. */
  get known(): Pick<SetChain, 'of' | 'at'> {
    return this.#chain;
  }

  /** All that was followed so far, in order of epochs. */
  get handovers(): readonly Handover[] {
    return this.#taken;
  }

  /**
   * The set of an epoch, from the last known one on, epoch by epoch.
   *
   * @throws LightError where one was not named by the one before; LIGHT_BEHIND before the first that is trusted
   */
  async of(epoch: number): Promise<Electorate> {
    while (this.#chain.newest.epoch < epoch) await this.#next();
    const set = this.#chain.of(epoch);
    if (set === undefined) throw new LightError('LIGHT_BEHIND', `epoch ${epoch}`);
    return set;
  }

  /** The set that runs a height, of those up to the one of this epoch. @throws LightError as `of` */
  async at(height: number, epoch: number): Promise<Electorate> {
    await this.of(epoch);
    const set = this.#chain.at(height);
    if (set === undefined) throw new LightError('LIGHT_BEHIND', `height ${height}`);
    return set;
  }

  async #next(): Promise<void> {
    const handover = await this.#source(this.#chain.newest.epoch + 1);
    const next = this.#chain.take(handover);
    if (!next.ok) throw new LightError(next.code, next.detail ?? 'membership');
    this.#taken.push(handover);
  }
}
