// Jobs as the console shows them: the ledger's rows, the phases of their units, and their pace.
import type { Ledger } from '#machines/settlement/ledger.ts';
import type { ConsoleView } from '#schemas/node/console.ts';
import type { JobRow, LedgerEvent } from '#schemas/settlement/state.ts';
import { fromU128 } from '#schemas/wire/fields.ts';
import { MAX_OPEN_JOBS } from '#schemas/wire/limits.ts';
import { BoundedMap } from './bounded-map.ts';
import { JobPace } from './job-pace.ts';
import type { UnitBoard } from './unit-board.ts';

export type JobView = ConsoleView['jobs'][number];

/** Jobs in the view. */
const SHOWN = 20;

export class JobViews {
  readonly #ledger: Ledger;
  readonly #board: UnitBoard;
  readonly #paces = new BoundedMap<JobPace>(MAX_OPEN_JOBS);
  /** All jobs, oldest first; read again after a block that changed one. */
  #jobs: readonly JobRow[] = [];
  #isStale = true;

  constructor(ledger: Ledger, board: UnitBoard) {
    this.#ledger = ledger;
    this.#board = board;
    this.#measure(ledger.timeMs());
  }

  hear(events: readonly LedgerEvent[], time_ms: number): void {
    if (!events.some((event) => 'job' in event || 'unit' in event)) return;
    this.#isStale = true;
    this.#measure(time_ms);
  }

  /** Running jobs first, then the youngest. */
  views(now_ms: number): JobView[] {
    const youngestFirst = this.#all().toReversed();
    const running = youngestFirst.filter((job) => job.finished_height === 0);
    const finished = youngestFirst.filter((job) => job.finished_height > 0);
    return [...running, ...finished].slice(0, SHOWN).map((job) => this.view(job, now_ms));
  }

  view(job: JobRow, now_ms: number): JobView {
    const { id, account, kernel, units_count, submitted_ms, finished_ms } = job;
    const { released_count, settled_count, parked_count } = job;
    const { attempts_count, audits_count, disagreements_count } = job;
    return {
      id,
      account,
      kernel,
      start: `${fromU128(job.start)}`,
      numbers: `${BigInt(units_count) << BigInt(job.unit_log2)}`,
      units_count,
      released_count,
      settled_count,
      parked_count,
      attempts_count,
      audits_count,
      disagreements_count,
      suspects_count: job.suspects.length,
      phases: { ...this.#board.phases(id) },
      ...this.#pace(id).at(now_ms, job),
      submitted_ms,
      finished_ms,
      reward_per_unit_units: `${job.reward_per_unit_units}`,
    };
  }

  #all(): readonly JobRow[] {
    if (this.#isStale) this.#jobs = this.#ledger.jobs();
    this.#isStale = false;
    return this.#jobs;
  }

  #running(): readonly JobRow[] {
    return this.#all().filter((job) => job.finished_height === 0);
  }

  #measure(time_ms: number): void {
    for (const { id, settled_count } of this.#running()) {
      const { audit_to_draw, auditing, disputed } = this.#board.phases(id);
      this.#pace(id).add(time_ms, settled_count + audit_to_draw + auditing + disputed);
    }
  }

  #pace(id: string): JobPace {
    const known = this.#paces.get(id);
    if (known !== undefined) return known;
    const pace = new JobPace();
    this.#paces.set(id, pace);
    return pace;
  }
}
