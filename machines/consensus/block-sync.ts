// What a core does with final blocks that others give it: checks, keeps and executes them, and asks for the next ones.
import type { FinalBlock } from '#schemas/consensus/types.ts';
import type { CoreState } from './core-state.ts';
import type { Finality } from './finality.ts';
import type { Gossip } from './gossip.ts';
import { isProvenBy, linkedHeaders, type Run, runFrom, segmentOf } from './range-sync.ts';
import type { Input } from './types.ts';

export class BlockSync {
  readonly #core: CoreState;
  readonly #gossip: Gossip;
  readonly #finality: Finality;
  readonly #begin: (now_ms: number) => void;

  /** @param begin the height after the last that was executed */
  constructor(core: CoreState, gossip: Gossip, finality: Finality, begin: (now_ms: number) => void) {
    this.#core = core;
    this.#gossip = gossip;
    this.#finality = finality;
    this.#begin = begin;
  }

  /** An answer of a peer. */
  hear({ from, blocks, now_ms }: Extract<Input, { type: 'blocks.synced' }>): void {
    const { ranges, tip } = this.#core;
    if (blocks.some(({ certificate }) => this.#finality.isConflict(certificate))) return;
    const news = blocks.filter(({ certificate }) => certificate.height > tip.height);
    const run = this.#runOf(from, news);
    if (run === undefined) this.#distrust(from, news.length > 0);
    else ranges.keep(run, tip.height + 1);
    if (this.#executeRanges()) this.#begin(now_ms);
    if (this.#core.catchUp.isBehind(this.#core.at.height) && !this.#core.isHalted) this.#gossip.requestBlocks(now_ms);
  }

  /** What may be worth keeping: blocks that follow each other, proven as far as their set is known here. */
  #runOf(from: string, blocks: readonly FinalBlock[]): Run | undefined {
    const { electorates, config } = this.#core;
    const headers = linkedHeaders(config.crypto, blocks);
    const first = headers?.[0];
    if (headers === undefined || first === undefined) return undefined;
    const electorate = electorates.find(first.height, first.epoch);
    const run = { from, blocks, headers, proven_count: 0 };
    if (electorate === undefined) return run;
    const segment = segmentOf(run, electorate);
    return isProvenBy(electorate, segment) ? { ...run, proven_count: segment.blocks.length } : undefined;
  }

  /** Execute what follows the tip, as far as it is here. True if anything did. */
  #executeRanges(): boolean {
    const { tip } = this.#core;
    for (;;) {
      const { height, id } = this.#core.tip;
      const run = this.#core.ranges.take(height + 1);
      if (run === undefined) break;
      if (run.headers[0]?.previous !== id) this.#isElsewhere(run.from);
      else if (!this.#execute(run)) this.#distrust(run.from, true);
      if (this.#core.isHalted) return false;
    }
    return this.#core.tip !== tip;
  }

  /**
   * Epoch by epoch: executing the blocks of one tells whose certificate must prove those of the next. Only the last certificate of an
   * epoch is checked: the links prove the blocks before. False where one does not hold, or where this node must stop.
   */
  #execute(run: Run): boolean {
    for (let rest = run; rest.blocks.length > 0; ) {
      const electorate = this.#core.electorates.at(this.#core.tip.height + 1);
      const segment = segmentOf(rest, electorate);
      const { length } = segment.blocks;
      const isProven = length > 0 && (rest.proven_count >= length || isProvenBy(electorate, segment));
      if (!isProven || !this.#add(segment)) return false;
      rest = runFrom(rest, length);
    }
    return true;
  }

  #add({ blocks, headers }: Pick<Run, 'blocks' | 'headers'>): boolean {
    return headers.every((header, i) => this.#finality.add(blocks[i] as FinalBlock, header));
  }

  /** A quorum committed to the run, on another block than the tip. */
  #isElsewhere(peer: string): void {
    this.#gossip.askForRival(peer);
    this.#distrust(peer, true);
  }

  #distrust(peer: string, isLie: boolean): void {
    if (isLie) this.#core.refuse('RANGE_INVALID');
    this.#core.ranges.failed(peer);
  }
}
