// Block sync: ranges of blocks from several peers at once, and what of them has come before its turn. Not part of the replayed state.
import type { FinalBlock, Header } from '#schemas/consensus/types.ts';
import { MAX_SYNC_BLOCKS, MAX_SYNC_RANGES } from '#schemas/wire/limits.ts';
import { bindBody, blockId } from './block-rules.ts';
import type { CatchUp } from './catch-up.ts';
import { checkCertificate } from './certificate-rules.ts';
import type { Electorate } from './electorate.ts';
import type { Crypto } from './types.ts';

/** A range to ask one peer for, by its key id. */
export type RangeRequest = { readonly peer: string; readonly first_height: number; readonly last_height: number };

/** Consecutive blocks with their headers, of which so many are proven to be final: the others are of sets that are not known yet. */
export type Run = {
  /** Key id of who gave them. */
  readonly from: string;
  readonly blocks: readonly FinalBlock[];
  readonly headers: readonly Header[];
  readonly proven_count: number;
};

/** A range that is wanted; asked of `peer`, or of nobody yet; here once there is a run. */
type Range = {
  readonly first_height: number;
  readonly last_height: number;
  peer: string | undefined;
  asked_ms: number;
  run?: Run;
};

export class RangeSync {
  readonly #sources: CatchUp;
  /** Side by side, in order of heights. */
  #ranges: Range[] = [];

  constructor(sources: CatchUp) {
    this.#sources = sources;
  }

  /**
   * What to ask for now, each range of another peer. What was asked longer than `patience_ms` ago is asked of another one; an
   * answer of the first is still welcome.
   *
   * @param height the lowest that is missing
   */
  plan(height: number, now_ms: number, patience_ms: number): RangeRequest[] {
    this.#ranges = this.#ranges.filter(({ last_height }) => last_height >= height);
    for (const range of this.#ranges) {
      const isLate = range.run === undefined && now_ms - range.asked_ms >= patience_ms;
      if (isLate && range.peer !== undefined) this.#give(range.peer);
    }
    this.#extend(height);
    return this.#ranges.flatMap((range) => this.#ask(range, height, now_ms));
  }

  /** The peer gave nothing, or nothing that holds: others are asked for it. */
  failed(peer: string): void {
    this.#give(peer);
  }

  /** A checked run from `height` on, or one that was asked for and is early. */
  keep(run: Run, height: number): void {
    const first = run.headers[0]?.height ?? 0;
    const range = this.#ranges.find((one) => one.run === undefined && Math.max(one.first_height, height) === first);
    const last_height = first + run.blocks.length - 1;
    if (range === undefined && first !== height) return;
    const kept: Range = { first_height: first, last_height, peer: run.from, asked_ms: 0, run };
    const rest = this.#ranges.flatMap((one) => (one === range ? remainder(one, last_height) : [one]));
    this.#ranges = [...rest, kept].toSorted((a, b) => a.first_height - b.first_height);
    this.#sources.trust(run.from);
  }

  /** The run with the block of `height`, from that block on; it is no longer kept. */
  take(height: number): Run | undefined {
    const range = this.#ranges.find(
      ({ run, first_height, last_height }) => run !== undefined && first_height <= height && last_height >= height,
    );
    if (range?.run === undefined) return undefined;
    this.#ranges = this.#ranges.filter((one) => one !== range);
    return runFrom(range.run, height - range.first_height);
  }

  #give(peer: string): void {
    this.#sources.distrust(peer);
    for (const range of this.#ranges) if (range.peer === peer && range.run === undefined) range.peer = undefined;
  }

  /** Want what comes after the last range, as long as someone claims it. */
  #extend(height: number): void {
    let next = Math.max(height, (this.#ranges.at(-1)?.last_height ?? 0) + 1);
    while (this.#ranges.length < MAX_SYNC_RANGES && next < this.#sources.highest) {
      const last_height = Math.min(next + MAX_SYNC_BLOCKS, this.#sources.highest) - 1;
      this.#ranges.push({ first_height: next, last_height, peer: undefined, asked_ms: 0 });
      next = last_height + 1;
    }
  }

  #ask(range: Range, height: number, now_ms: number): RangeRequest[] {
    if (range.run !== undefined || range.peer !== undefined) return [];
    const first_height = Math.max(range.first_height, height);
    const found = this.#sources.pick(first_height, (peer) =>
      this.#ranges.some((one) => one.peer === peer && one.run === undefined),
    );
    if (found === undefined) return [];
    range.peer = found.peer;
    range.asked_ms = now_ms;
    return [{ peer: found.peer, first_height, last_height: Math.min(range.last_height, found.begun - 1) }];
  }
}

/** What of a range an answer up to `last_height` left out. */
const remainder = (range: Range, last_height: number): Range[] =>
  range.last_height <= last_height
    ? []
    : [{ first_height: last_height + 1, last_height: range.last_height, peer: undefined, asked_ms: 0 }];

/** The run without its first `count` blocks. */
export const runFrom = ({ from, blocks, headers, proven_count }: Run, count: number): Run => ({
  from,
  blocks: blocks.slice(count),
  headers: headers.slice(count),
  proven_count: Math.max(0, proven_count - count),
});

/** The headers of these blocks, if they follow each other and each comes with a commit certificate of its own block. */
export function linkedHeaders(
  crypto: Pick<Crypto, 'sha256'>,
  blocks: readonly FinalBlock[],
): readonly Header[] | undefined {
  const headers: Header[] = [];
  let parent: { readonly id: string; readonly height: number } | undefined;
  for (const { block, certificate } of blocks) {
    const header = bindBody(crypto, block);
    const id = blockId(crypto, block.header);
    if (header === undefined || !isCommitOf(certificate, id, header.height)) return undefined;
    if (parent !== undefined && (header.previous !== parent.id || header.height !== parent.height + 1))
      return undefined;
    headers.push(header);
    parent = { id, height: header.height };
  }
  return headers;
}

/** Blocks in a row. */
type Segment = Pick<Run, 'blocks' | 'headers'>;

/** The first blocks of the run, as far as they say that they are of this epoch. */
export function segmentOf({ blocks, headers }: Segment, { epoch }: Electorate): Segment {
  const other = headers.findIndex((header) => header.epoch !== epoch);
  return other < 0 ? { blocks, headers } : { blocks: blocks.slice(0, other), headers: headers.slice(0, other) };
}

/**
 * Whether linked blocks of one epoch are final: the last one's certificate proves it, and the links carry that down to the first. The
 * signatures of the certificates between are not looked at; each must at least name a quorum.
 */
export function isProvenBy(electorate: Electorate, { blocks }: Pick<Segment, 'blocks'>): boolean {
  const last = blocks.at(-1);
  const namesQuorum = ({ certificate }: FinalBlock) => checkCertificate(electorate, certificate, () => true) === null;
  return last !== undefined && blocks.every(namesQuorum) && checkCertificate(electorate, last.certificate) === null;
}

const isCommitOf = (certificate: FinalBlock['certificate'], id: string, height: number): boolean =>
  certificate.type === 'commit' && certificate.value === id && certificate.height === height;
