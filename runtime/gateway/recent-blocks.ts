// The last blocks as the console shows them: what was in them, how fast they became final, how often they come.
import type { Ledger } from '#machines/settlement/ledger.ts';
import { bodyBytes } from '#schemas/consensus/block-codec.ts';
import type { ConsoleView } from '#schemas/node/console.ts';
import { MAX_WATCHED_BLOCKS } from '#schemas/wire/limits.ts';
import type { SeenBlock } from './ports.ts';

type BlockView = ConsoleView['blocks'][number];

/** Blocks in the view. */
const SHOWN = 40;
/** A block that comes later than this after its time was fetched to catch up, not witnessed, ms. */
const MAX_WITNESSED_MS = 10_000;
const MINUTE_MS = 60_000;

export class RecentBlocks {
  readonly #ledger: Pick<Ledger, 'membership'>;
  /** Newest first. */
  #shown: BlockView[] = [];
  readonly #finality_ms: number[] = [];
  readonly #times_ms: number[] = [];

  constructor(ledger: Pick<Ledger, 'membership'>) {
    this.#ledger = ledger;
  }

  add(seen: SeenBlock): void {
    const { validators } = this.#ledger.membership(seen.header.height);
    const view = blockView(seen, validators[seen.header.proposer]?.id ?? '');
    this.#shown = [view, ...this.#shown.slice(0, SHOWN - 1)];
    push(this.#times_ms, seen.header.time_ms);
    if (isWitnessed(seen)) push(this.#finality_ms, view.finality_ms);
  }

  get shown(): readonly BlockView[] {
    return this.#shown;
  }

  /** By nearest rank; 0 before the first. */
  finality(): ConsoleView['finality_ms'] {
    const sorted = this.#finality_ms.toSorted((a, b) => a - b);
    const rank = (part: number): number => sorted[Math.ceil(part * sorted.length) - 1] ?? 0;
    return { p50: rank(0.5), p99: rank(0.99) };
  }

  /** Over the last minute, or the shorter time that is remembered. */
  perMinute(now_ms: number): number {
    const recent = this.#times_ms.filter((time_ms) => time_ms > now_ms - MINUTE_MS);
    const isWhole = recent.length < this.#times_ms.length;
    const [first = now_ms] = recent;
    const span_ms = isWhole ? MINUTE_MS : Math.max(1_000, now_ms - first);
    return Math.round((recent.length * MINUTE_MS) / span_ms);
  }
}

function blockView(seen: SeenBlock, proposer: string): BlockView {
  const { header, final, result, received_ms } = seen;
  return {
    height: header.height,
    round: final.certificate.round,
    proposer,
    block: final.certificate.value ?? '',
    time_ms: header.time_ms,
    txs_count: final.block.txs.length,
    refused_count: result.outcomes.filter((code) => code !== null).length,
    size_bytes: final.block.header.length + bodyBytes(final.block.txs),
    finality_ms: isWitnessed(seen) ? Math.max(0, Math.round(received_ms - header.time_ms)) : 0,
    signers_count: final.certificate.votes.length,
  };
}

const isWitnessed = ({ header, received_ms }: SeenBlock): boolean => received_ms - header.time_ms < MAX_WITNESSED_MS;

function push(list: number[], value: number): void {
  list.push(value);
  if (list.length > MAX_WATCHED_BLOCKS) list.shift();
}
