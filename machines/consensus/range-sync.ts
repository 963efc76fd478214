// Block sync: ranges of blocks from several peers at once, and what of them has come before its turn. Not part of the replayed state.
import type { FinalBlock, Header } from '#schemas/consensus/types.ts';
import { MAX_SYNC_BLOCKS, MAX_SYNC_RANGES } from '#schemas/wire/limits.ts';
import { bindBody, blockId } from './block-rules.ts';
import type { CatchUp } from './catch-up.ts';
import { checkCertificate, type Electorate } from './certificate-rules.ts';

/** A range to ask one peer for. */
export type RangeRequest = { readonly peer: number; readonly first_height: number; readonly last_height: number };

/** Consecutive blocks that a quorum made final. `headers` are theirs. */
export type Run = {
  readonly from: number;
  readonly blocks: readonly FinalBlock[];
  readonly headers: readonly Header[];
};

/** A range that is wanted; asked of `peer`, or of nobody yet; here once there is a run. */
type Range = {
  readonly first_height: number;
  readonly last_height: number;
  peer: number | undefined;
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
  failed(peer: number): void {
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
    const { from, blocks, headers } = range.run;
    const known = height - range.first_height;
    return { from, blocks: blocks.slice(known), headers: headers.slice(known) };
  }

  #give(peer: number): void {
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

/**
 * The headers of these blocks, if they follow each other and the last one's certificate holds: what it proves, the links carry down to
 * the first. The signatures of the certificates between are not looked at; each must at least be of its block and name a quorum.
 */
export function certifiedHeaders(electorate: Electorate, blocks: readonly FinalBlock[]): readonly Header[] | undefined {
  const headers: Header[] = [];
  let parent: string | undefined;
  for (const { block, certificate } of blocks) {
    const header = bindBody(electorate.crypto, block);
    const id = blockId(electorate.crypto, block.header);
    const isNext = parent === undefined || header?.previous === parent;
    if (header === undefined || !isNext || !isCommitOf(certificate, id, header.height)) return undefined;
    if (checkCertificate(electorate, certificate, () => true) !== null) return undefined;
    if (header.height !== (headers[0]?.height ?? header.height) + headers.length) return undefined;
    headers.push(header);
    parent = id;
  }
  const last = blocks.at(-1);
  return last !== undefined && checkCertificate(electorate, last.certificate) === null ? headers : undefined;
}

const isCommitOf = (certificate: FinalBlock['certificate'], id: string, height: number): boolean =>
  certificate.type === 'commit' && certificate.value === id && certificate.height === height;
