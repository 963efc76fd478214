// Follows the changes of the validator set by certificates alone, before anything of the chain is executed: from what is trusted to the
// newest set that anybody can prove. What was followed is kept, since this node will hold no blocks of that time for others.
import type { Electorate } from '#machines/consensus/electorate.ts';
import { SetChain } from '#machines/consensus/set-chain.ts';
import type { Handover } from '#schemas/consensus/handover-codec.ts';
import type { Bus } from '../bus/bus.ts';
import { findHandover, findHandovers, handoverOp } from '../consensus/handover-rows.ts';
import { fetchAnswer } from '../consensus/sync-client.ts';
import type { Store } from '../store/store.ts';
import type { SyncPeers } from './sync-peers.ts';

export type SetFollowerOptions = {
  /** The set that is trusted without a proof. */
  readonly anchor: Electorate;
  readonly store: Store;
  readonly bus: Pick<Bus, 'request'>;
  /** Members of each set that is found join them; whoever shows a false one leaves them. */
  readonly peers: SyncPeers;
};

export class SetFollower {
  readonly #o: SetFollowerOptions;
  readonly #sets: SetChain;

  constructor(options: SetFollowerOptions) {
    this.#o = options;
    this.#sets = new SetChain(options.anchor);
    this.#meet(options.anchor);
  }

  get newest(): Electorate {
    return this.#sets.newest;
  }

  /** Whose votes make a height final; undefined before the anchor's epoch. */
  at(height: number): Electorate | undefined {
    return this.#sets.at(height);
  }

  /** Go on until nobody shows a next set. */
  async follow(): Promise<void> {
    while ((await this.#takeKept()) || (await this.#takeFromPeers()));
  }

  async #takeKept(): Promise<boolean> {
    const kept = await findHandover(this.#o.store, this.newest.epoch + 1);
    const next = kept && this.#sets.take(kept);
    if (next?.ok !== true) return false;
    this.#meet(next.value);
    return true;
  }

  /** Mostly the first gives it; where not, all others are asked at once. */
  async #takeFromPeers(): Promise<boolean> {
    const epoch = this.newest.epoch + 1;
    const [first, ...others] = this.#o.peers.ids;
    if (first === undefined) return false;
    await this.#ask(first, epoch);
    if (this.newest.epoch < epoch) await Promise.all(others.map((id) => this.#ask(id, epoch)));
    return this.newest.epoch >= epoch;
  }

  async #ask(id: string, epoch: number): Promise<void> {
    const { bus, peers, store } = this.#o;
    const answer = await fetchAnswer(bus, id, { type: 'handover.request', epoch });
    if (answer !== undefined && answer.type !== 'handover') return peers.drop(id, 'KIND_UNKNOWN');
    const handover = answer?.handover;
    if (handover === undefined) return peers.rest(id);
    if (this.newest.epoch >= epoch) return undefined; // another one was faster
    const next = this.#sets.take(handover);
    if (!next.ok) return peers.drop(id, next.code);
    this.#meet(next.value);
    return store.append([handoverOp(epoch, handover)]);
  }

  #meet({ validators }: Electorate): void {
    this.#o.peers.add(validators.map(({ id }) => id));
  }
}

/** How the chain was handed over to the set of this epoch, out of the own store where it is held there, else as peers prove it. */
export async function followTo(epoch: number, options: SetFollowerOptions): Promise<readonly Handover[]> {
  const kept = await findHandovers(options.store, epoch);
  if (kept.length === epoch - options.anchor.epoch) return kept;
  await new SetFollower(options).follow();
  return findHandovers(options.store, epoch);
}
