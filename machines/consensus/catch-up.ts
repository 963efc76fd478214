// Where the others are: whom to ask for blocks, whom to help. Hints from unchecked messages: they cost a request, never a vote.
// Not part of the replayed state.
import type { ValidatorSet } from '#schemas/consensus/types.ts';

/** What is known of a validator as a source of blocks. */
type Source = {
  /** It has decided everything before this height; 0 where it never said so, or is not believed. */
  height: number;
  /** It does not hold blocks below. */
  lowest_height: number;
  /** Wrong answers, and none in time, since its last good one. */
  faults: number;
  /** Last height that it was helped with, so that it is helped once. */
  helped: number;
};

export class CatchUp {
  readonly #self: number;
  readonly #sources: readonly Source[];
  #turn: number;

  constructor(self: number, validators: ValidatorSet) {
    this.#self = self;
    this.#sources = validators.map(() => ({ height: 0, lowest_height: 1, faults: 0, helped: 0 }));
    this.#turn = (self + 1) % validators.length;
  }

  /** A message of `peer` was about `height`: it has decided everything before. */
  sawHeight(peer: number, height: number): void {
    const source = this.#sources[peer];
    if (source !== undefined && peer !== this.#self) source.height = Math.max(source.height, height);
  }

  /** A peer says from where on it holds blocks. */
  sawLowest(peer: number, lowest_height: number): void {
    const source = this.#sources[peer];
    if (source !== undefined) source.lowest_height = lowest_height;
  }

  /** A bad range or none costs its sender: its claim is forgotten, and others are asked first. */
  distrust(peer: number): void {
    const source = this.#sources[peer];
    if (source === undefined) return;
    source.height = 0;
    source.faults++;
  }

  /** It gave what it was asked for. */
  trust(peer: number): void {
    const source = this.#sources[peer];
    if (source !== undefined) source.faults = 0;
  }

  /** Whether someone claims to be past `height`. */
  isBehind(height: number): boolean {
    return this.highest > height;
  }

  /** The highest height that someone claims to have begun. */
  get highest(): number {
    return this.#sources.reduce((highest, { height }) => Math.max(highest, height), 0);
  }

  /** Of the peers that claim the block of `height`, one with the fewest faults, another at each call; with what it claims to have begun. */
  pick(
    height: number,
    isBusy: (peer: number) => boolean,
  ): { readonly peer: number; readonly begun: number } | undefined {
    const count = this.#sources.length;
    let best: { readonly peer: number; readonly begun: number; readonly faults: number } | undefined;
    for (let i = 0; i < count; i++) {
      const peer = (this.#turn + i) % count;
      const { height: begun = 0, lowest_height = 0, faults = 0 } = this.#sources[peer] ?? {};
      if (begun <= height || lowest_height > height || isBusy(peer)) continue;
      if (best === undefined || faults < best.faults) best = { peer, begun, faults };
    }
    if (best !== undefined) this.#turn = (best.peer + 1) % count;
    return best;
  }

  /** Whether this node is one of the two that help the peer with the one height it lacks. */
  shouldHelp(peer: number, height: number): boolean {
    const count = this.#sources.length;
    const source = this.#sources[peer];
    const distance = (this.#self - peer + count) % count;
    if (source === undefined || distance === 0 || distance > 2 || source.helped >= height) return false;
    source.helped = height;
    return true;
  }
}
