// Where the others are: whom to ask for blocks, whom to help. Hints from unchecked messages: they cost a request, never a vote.
// Not part of the replayed state.
import { MAX_SOURCES } from '#schemas/wire/limits.ts';
import { type Electorate, indexOf } from './electorate.ts';

/** What is known of a validator as a source of blocks. */
type Source = {
  /** It has decided everything before this height; 0 where it is not believed. */
  height: number;
  /** It does not hold blocks below. */
  lowest_height: number;
  /** Wrong answers, and none in time, since its last good one. */
  faults: number;
};

export class CatchUp {
  readonly #self: string;
  /** By key id, those asked last at the end. Members of any set: who lags far knows none of the present one. */
  readonly #sources = new Map<string, Source>();
  /** Whom this node helped with its last height, so that each is helped once. */
  #helped = { height: 0, peers: new Set<string>() };

  /** @param self own key id */
  constructor(self: string) {
    this.#self = self;
  }

  /** A message of `peer` was about `height`: it has decided everything before. */
  sawHeight(peer: string, height: number): void {
    if (peer === this.#self) return;
    const source = this.#sources.get(peer) ?? this.#add(peer);
    source.height = Math.max(source.height, height);
  }

  /** A peer says from where on it holds blocks. */
  sawLowest(peer: string, lowest_height: number): void {
    const source = this.#sources.get(peer);
    if (source !== undefined) source.lowest_height = lowest_height;
  }

  /** A bad range or none costs its sender: its claim is forgotten, and others are asked first. */
  distrust(peer: string): void {
    const source = this.#sources.get(peer);
    if (source === undefined) return;
    source.height = 0;
    source.faults++;
  }

  /** It gave what it was asked for. */
  trust(peer: string): void {
    const source = this.#sources.get(peer);
    if (source !== undefined) source.faults = 0;
  }

  /** Whether someone claims to be past `height`. */
  isBehind(height: number): boolean {
    return this.highest > height;
  }

  /** The highest height that someone claims to have begun. */
  get highest(): number {
    let highest = 0;
    for (const { height } of this.#sources.values()) highest = Math.max(highest, height);
    return highest;
  }

  /** Of the peers that claim the block of `height`, one with the fewest faults, another at each call; with what it claims to have begun. */
  pick(
    height: number,
    isBusy: (peer: string) => boolean,
  ): { readonly peer: string; readonly begun: number } | undefined {
    let best: { readonly peer: string; readonly source: Source } | undefined;
    for (const [peer, source] of this.#sources) {
      if (source.height <= height || source.lowest_height > height || isBusy(peer)) continue;
      if (best === undefined || source.faults < best.source.faults) best = { peer, source };
    }
    if (best === undefined) return undefined;
    this.#sources.delete(best.peer);
    this.#sources.set(best.peer, best.source);
    return { peer: best.peer, begun: best.source.height };
  }

  /** Whether this node is one of the two members after the peer that help it with the one height it lacks. */
  shouldHelp({ validators }: Pick<Electorate, 'validators'>, peer: string, height: number): boolean {
    if (this.#helped.height !== height) this.#helped = { height, peers: new Set() };
    const [self, other] = [indexOf(validators, this.#self), indexOf(validators, peer)];
    const distance = (self - other + validators.length) % validators.length;
    if (self < 0 || other < 0 || distance === 0 || distance > 2 || this.#helped.peers.has(peer)) return false;
    this.#helped.peers.add(peer);
    return true;
  }

  /** In the place of the one that was not asked for longest, where there are too many. */
  #add(peer: string): Source {
    const [oldest] = this.#sources.keys();
    if (this.#sources.size >= MAX_SOURCES && oldest !== undefined) this.#sources.delete(oldest);
    const source = { height: 0, lowest_height: 1, faults: 0 };
    this.#sources.set(peer, source);
    return source;
  }
}
