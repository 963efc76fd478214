// Where the others are: whom to ask for blocks, whom to help. Hints from unchecked messages: they cost a request, never a vote.
// Not part of the replayed state.
import type { FinalBlock, Header, ValidatorSet } from '#schemas/consensus/types.ts';
import { MAX_SYNC_BLOCKS } from '#schemas/wire/limits.ts';
import { bindBody, blockId } from './block-rules.ts';
import { checkCertificate, type Electorate } from './certificate-rules.ts';

/** A range to ask one peer for. */
export type RangeRequest = { readonly peer: number; readonly first_height: number; readonly last_height: number };

export class CatchUp {
  readonly #self: number;
  readonly #heights: number[];
  #nextPeer: number;
  /** Last height that each lagging peer was helped with, so that it is helped once. */
  readonly #helped: number[];

  constructor(self: number, validators: ValidatorSet) {
    this.#self = self;
    this.#heights = validators.map(() => 0);
    this.#helped = validators.map(() => 0);
    this.#nextPeer = (self + 1) % validators.length;
  }

  /** A message of `peer` was about `height`: it has decided everything before. */
  sawHeight(peer: number, height: number): void {
    if (peer !== this.#self && peer < this.#heights.length)
      this.#heights[peer] = Math.max(this.#heights[peer] ?? 0, height);
  }

  /** A bad range or a lie costs its sender: its claim is forgotten. */
  distrust(peer: number): void {
    if (peer < this.#heights.length) this.#heights[peer] = 0;
  }

  /** Whether someone claims to be past `height`. */
  isBehind(height: number): boolean {
    return this.#heights.some((claimed) => claimed > height);
  }

  /** The next peer that claims blocks from `height` on, another at each call. */
  nextRequest(height: number): RangeRequest | undefined {
    const count = this.#heights.length;
    for (let i = 0; i < count; i++) {
      const peer = (this.#nextPeer + i) % count;
      const claimed = this.#heights[peer] ?? 0;
      if (claimed <= height) continue;
      this.#nextPeer = (peer + 1) % count;
      return { peer, first_height: height, last_height: Math.min(claimed - 1, height + MAX_SYNC_BLOCKS - 1) };
    }
    return undefined;
  }

  /** Whether this node is one of the two that help the peer with the one height it lacks. */
  shouldHelp(peer: number, height: number): boolean {
    const distance = (this.#self - peer + this.#heights.length) % this.#heights.length;
    if (distance === 0 || distance > 2 || (this.#helped[peer] ?? 0) >= height) return false;
    this.#helped[peer] = height;
    return true;
  }
}

/** Their headers, if the blocks follow each other from `first_height` on `previous` and each is certified. Executing them checks the state. */
export function certifiedHeaders(
  electorate: Electorate,
  previous: string,
  first_height: number,
  blocks: readonly FinalBlock[],
): readonly Header[] | undefined {
  const headers: Header[] = [];
  let parent = previous;
  for (const { block, certificate } of blocks) {
    const height = first_height + headers.length;
    const header = bindBody(electorate.crypto, block);
    const id = blockId(electorate.crypto, block.header);
    if (header?.height !== height || header.previous !== parent) return undefined;
    if (!isCommitOf(certificate, id, height) || checkCertificate(electorate, certificate) !== null) return undefined;
    headers.push(header);
    parent = id;
  }
  return headers;
}

const isCommitOf = (certificate: FinalBlock['certificate'], id: string, height: number): boolean =>
  certificate.type === 'commit' && certificate.value === id && certificate.height === height;
