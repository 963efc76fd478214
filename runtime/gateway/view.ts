// Keeps the console's view of the network: hears final blocks and consensus traffic, answers with one ConsoleView.
import type { Crypto } from '#machines/consensus/types.ts';
import type { ConsoleView } from '#schemas/node/console.ts';
import { Incidents } from './incidents.ts';
import { JobViews } from './job-views.ts';
import type { GatewayReads, SeenBlock } from './ports.ts';
import { RecentBlocks } from './recent-blocks.ts';
import { SettlementViews } from './settlement-views.ts';
import { TransactionLog } from './transaction-log.ts';
import { UnitBoard } from './unit-board.ts';
import { UnitStories } from './unit-stories.ts';
import { ValidatorWatch } from './validator-watch.ts';
import { WorkerViews } from './worker-views.ts';

export class ViewKeeper {
  readonly transactions: TransactionLog;
  readonly stories = new UnitStories();
  readonly jobs: JobViews;
  readonly #reads: GatewayReads;
  readonly #blocks: RecentBlocks;
  readonly #validators: ValidatorWatch;
  readonly #board: UnitBoard;
  readonly #workers: WorkerViews;
  readonly #settlements: SettlementViews;
  readonly #incidents = new Incidents();
  #changes_count = 0;

  constructor(reads: GatewayReads, crypto: Pick<Crypto, 'verify'>) {
    const { chain, ledger } = reads;
    this.#reads = reads;
    this.#blocks = new RecentBlocks(ledger);
    this.#validators = new ValidatorWatch(reads, crypto);
    this.#board = new UnitBoard(ledger);
    this.jobs = new JobViews(ledger, this.#board);
    this.#workers = new WorkerViews(ledger, chain.genesis.params, this.#board);
    this.#settlements = new SettlementViews(ledger);
    this.transactions = new TransactionLog(ledger);
  }

  /** Rises with everything heard: a feed need not tell the same twice. */
  get changesCount(): number {
    return this.#changes_count;
  }

  hearBlock(seen: SeenBlock): void {
    const { header, final, result, received_ms } = seen;
    this.#changes_count++;
    this.#blocks.add(seen);
    this.#validators.noteCertificate(final.certificate, received_ms);
    this.#board.hear(result.events);
    this.jobs.hear(result.events, header.time_ms);
    this.stories.hear(seen);
    this.#incidents.hear(result.events, header.height, header.time_ms);
    for (const { account, code } of this.transactions.hear(seen))
      this.#incidents.noteRefusal(code, account, header.time_ms);
  }

  /** A vote; nothing in it is trusted before its signature is checked. */
  hearConsensus(subject: string, data: Uint8Array, now_ms: number): void {
    if (this.#validators.hear(subject, data, now_ms)) this.#changes_count++;
  }

  /** The gateway itself refused a posted transaction of this account. */
  noteRefusal(code: string, account: string, now_ms: number): void {
    this.#changes_count++;
    this.#incidents.noteRefusal(code, account, now_ms);
  }

  view(now_ms: number): ConsoleView {
    const { chain, ledger } = this.#reads;
    const blocks = this.#blocks.shown;
    const workers = this.#workers.read(now_ms);
    return {
      at_ms: now_ms,
      network: chain.genesis.network,
      chain: chain.id,
      height: ledger.height(),
      epoch: ledger.membership(ledger.height() + 1).epoch,
      state_root: ledger.stateRoot(),
      block_time_ms: ledger.timeMs(),
      blocks_per_minute: this.#blocks.perMinute(now_ms),
      finality_ms: this.#blocks.finality(),
      supply: { credit: `${ledger.supply('credit')}`, stake: `${ledger.supply('stake')}` },
      workers_count: workers.count,
      available_count: ledger.eligibleCount(),
      validators: this.#validators.view(blocks),
      blocks: [...blocks],
      workers: [...workers.shown],
      jobs: this.jobs.views(now_ms),
      settlements: [...this.#settlements.read()],
      refusals: this.#incidents.refusals(),
      evidence: [...this.#incidents.evidence()],
    };
  }
}
