// Many schedules in a row: what a campaign ran, what broke, what it got to, and how to see it again.
import { availableParallelism } from 'node:os';
import type { Batch } from './batch.ts';
import { runByCrew } from './crew.ts';
import type { MutationName } from './mutations.ts';
import type { Plan, ScheduleKind } from './plan.ts';
import { foundIn, hasFailed, type SimReport } from './report.ts';
import { countSeen, missedIn, type Seen, type SometimeName } from './sometimes.ts';
import { createTrace } from './trace.ts';

export type CampaignOptions = {
  /** Schedules run with the seeds `seed`, `seed` + 1, … */
  readonly schedules: number;
  readonly seed: number;
  /** Plant this bug. */
  readonly mutation?: MutationName;
  /** Only schedules of this kind; as the seeds draw them, if absent. */
  readonly kind?: ScheduleKind;
  /** End with the first schedule that fails. */
  readonly stops_at_failure?: boolean;
  /** Threads that share the work, one a core if absent: the result is the same. */
  readonly workers?: number;
  /** Called now and then with how many are done. */
  readonly onProgress?: (done: number) => void;
};

/** A schedule that broke a rule or stalled. */
export type Failure = {
  readonly seed: number;
  /** Broken rules, and `stall`. */
  readonly found: readonly string[];
  readonly stall: string | null;
  /** The command that shows it again, as long as the simulator stays as it is; the plan shows it for longer. */
  readonly repeat: string;
  readonly plan: Plan;
};

export type Campaign = {
  readonly schedules: number;
  readonly events: number;
  /** Heights decided in all schedules together. */
  readonly heights: number;
  /** Schedules in which a rule was broken. */
  readonly violations: number;
  /** Schedules that did not go on after the heal. */
  readonly stalls: number;
  /** Over all schedules in order. */
  readonly trace_hash: string;
  /** Schedules that got to each of the places worth getting to. */
  readonly seen: Seen;
  /** Places that none got to though there were schedules enough: the campaign proves less than it should. */
  readonly missed: readonly SometimeName[];
  readonly failures: readonly Failure[];
};

/** Failures that are told in full. */
const MAX_FAILURES = 20;
/** Schedules that a thread is given at once: some tenths of a second. Of the exhaustive ones most need not be run. */
const BATCH_SCHEDULES = {
  consensus: 25,
  ledger: 25,
  beyond: 25,
  epochs: 25,
  exhaustive: 225,
} as const satisfies Record<ScheduleKind, number>;

/** Run a campaign. Equal options give equal results, on every machine and Node, whatever the number of threads. */
export async function runCampaign(options: CampaignOptions): Promise<Campaign> {
  const { schedules, stops_at_failure, onProgress } = options;
  const workers = Math.min(
    options.workers ?? availableParallelism(),
    Math.ceil(schedules / BATCH_SCHEDULES[options.kind ?? 'consensus']),
  );
  const tally = new Tally(options);
  let done = 0;
  for await (const reports of runByCrew(batchesOf(options), workers)) {
    for (const report of reports) tally.add(report);
    done = Math.min(done + BATCH_SCHEDULES[options.kind ?? 'consensus'], schedules);
    onProgress?.(done);
    if (stops_at_failure && tally.failures.length > 0) break;
  }
  return tally.result();
}

function* batchesOf({ schedules, seed, mutation, kind, stops_at_failure }: CampaignOptions): Generator<Batch> {
  const size = BATCH_SCHEDULES[kind ?? 'consensus'];
  for (let done = 0; done < schedules; done += size) {
    yield {
      first: seed + done,
      count: Math.min(size, schedules - done),
      ...(mutation && { mutation }),
      ...(kind && { kind }),
      ...(stops_at_failure && { stops_at_failure }),
    };
  }
}

/** Takes the reports in the order of their seeds. */
class Tally {
  readonly #options: CampaignOptions;
  readonly #trace = createTrace();
  readonly #seen: (readonly SometimeName[])[] = [];
  readonly #kinds = new Map<ScheduleKind, number>();
  readonly #total = { events: 0, heights: 0, violations: 0, stalls: 0 };
  readonly failures: Failure[] = [];

  constructor(options: CampaignOptions) {
    this.#options = options;
  }

  get schedules(): number {
    return this.#seen.length;
  }

  add(report: SimReport): void {
    const total = this.#total;
    total.events += report.events;
    total.heights += report.heights;
    if (report.violations.length > 0) total.violations++;
    if (report.stall !== null) total.stalls++;
    this.#trace.text(report.trace_hash);
    this.#seen.push(report.seen);
    this.#kinds.set(report.plan.kind, (this.#kinds.get(report.plan.kind) ?? 0) + 1);
    if (hasFailed(report) && this.failures.length < MAX_FAILURES) this.failures.push(failureOf(report, this.#options));
  }

  result(): Campaign {
    const seen = countSeen(this.#seen);
    // A planted bug ends schedules early: what they get to says nothing.
    const missed = this.#options.mutation === undefined ? missedIn(seen, this.#kinds) : [];
    const { schedules, failures } = this;
    return { schedules, ...this.#total, trace_hash: this.#trace.digest(), seen, missed, failures };
  }
}

function failureOf(report: SimReport, { mutation, kind }: CampaignOptions): Failure {
  const { seed, stall, plan } = report;
  return { seed, found: foundIn(report), stall, repeat: repeatCommand(seed, mutation, kind), plan };
}

/** The command that runs one schedule again and tells its story. */
export function repeatCommand(seed: number, mutation?: MutationName, kind?: ScheduleKind): string {
  const flags = [mutation && `--mutation ${mutation}`, kind && `--kind ${kind}`].filter(Boolean).join(' ');
  return `sortition sim --seed ${seed} --schedules 1 ${flags}`.trimEnd();
}
