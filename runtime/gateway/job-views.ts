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
/** How often running jobs are measured, ms of block time: a pace over many seconds needs no more. */
const MEASURE_EVERY_MS = 1_000;

export class JobViews {
  readonly #ledger: Ledger;
  readonly #board: UnitBoard;
  readonly #paces = new BoundedMap<JobPace>(MAX_OPEN_JOBS);
  /** All jobs, oldest first, as they were when somebody last looked. */
  #jobs: readonly JobRow[] = [];
  #isStale = true;
  #measured_ms = 0;

  constructor(ledger: Ledger, board: UnitBoard) {
    this.#ledger = ledger;
    this.#board = board;
    this.#catchUp();
  }

  hear(events: readonly LedgerEvent[], time_ms: number): void {
    if (!events.some((event) => 'job' in event || 'unit' in event)) return;
    this.#isStale = true;
    if (time_ms >= this.#measured_ms + MEASURE_EVERY_MS) this.#catchUp();
  }

  /** Running jobs first, then the youngest. */
  views(now_ms: number): JobView[] {
    this.#catchUp();
    const youngestFirst = this.#jobs.toReversed();
    const running = youngestFirst.filter((job) => job.finished_height === 0);
    const finished = youngestFirst.filter((job) => job.finished_height > 0);
    return [...running, ...finished].slice(0, SHOWN).map((job) => this.view(job, now_ms));
  }

  view(job: JobRow, now_ms: number): JobView {
    this.#catchUp();
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

  /** Read what moved since the last look, and measure it. */
  #catchUp(): void {
    if (!this.#isStale) return;
    this.#isStale = false;
    this.#jobs = this.#ledger.jobs();
    this.#measured_ms = this.#ledger.timeMs();
    for (const { id, settled_count } of this.#jobs.filter((job) => job.finished_height === 0)) {
      const { audit_to_draw, auditing, disputed } = this.#board.phases(id);
      this.#pace(id).add(this.#measured_ms, settled_count + audit_to_draw + auditing + disputed);
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
