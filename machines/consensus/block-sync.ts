// What a core does with final blocks that others give it: checks, keeps and executes them, and asks for the next ones.
import type { FinalBlock } from '#schemas/consensus/types.ts';
import type { CoreState } from './core-state.ts';
import type { Finality } from './finality.ts';
import type { Gossip } from './gossip.ts';
import { certifiedHeaders, type Run } from './range-sync.ts';
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
    const { ranges, electorate, tip } = this.#core;
    if (blocks.some(({ certificate }) => this.#finality.isConflict(certificate))) return;
    const news = blocks.filter(({ certificate }) => certificate.height > tip.height);
    const headers = certifiedHeaders(electorate, news);
    if (headers === undefined) this.#distrust(from, news.length > 0);
    else ranges.keep({ from, blocks: news, headers }, tip.height + 1);
    if (this.#executeRanges()) this.#begin(now_ms);
    if (this.#core.catchUp.isBehind(this.#core.at.height) && !this.#core.isHalted) this.#gossip.requestBlocks(now_ms);
  }

  /** Execute what follows the tip, as far as it is here. True if anything did. */
  #executeRanges(): boolean {
    const { tip } = this.#core;
    for (;;) {
      const { height, id } = this.#core.tip;
      const run = this.#core.ranges.take(height + 1);
      if (run === undefined) break;
      if (run.headers[0]?.previous !== id) this.#isElsewhere(run.from);
      else if (!this.#execute(run)) return false;
    }
    return this.#core.tip !== tip;
  }

  /** Only the last certificate of a run was checked: the links prove the blocks before. */
  #execute({ blocks, headers }: Run): boolean {
    return headers.every((header, i) => this.#finality.add(blocks[i] as FinalBlock, header));
  }

  /** A quorum committed to the run, on another block than the tip. */
  #isElsewhere(peer: number): void {
    this.#gossip.askForRival(peer);
    this.#distrust(peer, true);
  }

  #distrust(peer: number, isLie: boolean): void {
    if (isLie) this.#core.refuse(peer, 'RANGE_INVALID');
    this.#core.ranges.failed(peer);
  }
}
