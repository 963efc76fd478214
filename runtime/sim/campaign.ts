// Many schedules in a row: what a campaign ran, what broke, and how to see it again.
import { loadMutant } from './mutant.ts';
import { MUTATIONS, type Mutation, type MutationName, SOUND } from './mutations.ts';
import type { Rule } from './oracles/violation.ts';
import type { ScheduleKind } from './plan.ts';
import { runSimulation, type SimReport } from './simulation.ts';
import { createTrace } from './trace.ts';

export type CampaignOptions = {
  /** Schedules run with the seeds `seed`, `seed` + 1, … */
  readonly schedules: number;
  readonly seed: number;
  /** Plant this bug. */
  readonly mutation?: MutationName;
  /** Only schedules of this kind; both, as the seeds draw them, if absent. */
  readonly kind?: ScheduleKind;
  /** End with the first schedule that fails. */
  readonly stops_at_failure?: boolean;
  /** Called after each schedule with how many are done. */
  readonly onProgress?: (done: number) => void;
};

/** A schedule that broke a rule or stalled. */
export type Failure = {
  readonly seed: number;
  readonly rules: readonly Rule[];
  readonly stall: string | null;
  /** The command that shows it again. */
  readonly repeat: string;
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
  readonly failures: readonly Failure[];
};

/** Failures that are told in full. */
const MAX_FAILURES = 20;

/** Run a campaign. Equal options give equal results, on every machine and Node. */
export async function runCampaign(options: CampaignOptions): Promise<Campaign> {
  const { schedules, seed, mutation, kind, onProgress } = options;
  const trace = createTrace();
  const total = { schedules: 0, events: 0, heights: 0, violations: 0, stalls: 0 };
  const failures: Failure[] = [];
  const run = await simulationOf(mutation);
  for (let i = 0; i < schedules; i++) {
    const report = await run(seed + i, kind);
    count(total, report);
    trace.text(report.trace_hash);
    if (hasFailed(report) && failures.length < MAX_FAILURES) failures.push(failureOf(report, options));
    onProgress?.(i + 1);
    if (options.stops_at_failure && failures.length > 0) break;
  }
  return { ...total, trace_hash: trace.digest(), failures };
}

/** What runs one schedule: of production, or with the planted bug: then of the kind that can show it. */
async function simulationOf(name?: MutationName): Promise<Simulation> {
  const mutation: Mutation = name === undefined ? SOUND : MUTATIONS[name];
  const simulate =
    name === undefined || mutation.edit === undefined ? runSimulation : await loadMutant(name, mutation.edit);
  return (seed, kind = mutation.kind, tells = false) => simulate({ seed, mutation, tells, ...(kind && { kind }) });
}
type Simulation = (seed: number, kind?: ScheduleKind, tells?: boolean) => Promise<SimReport>;

/** Run one schedule and keep its story, for `describeRun`. */
export async function tellSchedule({ seed, mutation, kind }: Omit<CampaignOptions, 'schedules'>): Promise<SimReport> {
  const run = await simulationOf(mutation);
  return run(seed, kind, true);
}

/** Whether the schedule broke a rule or stalled. */
export const hasFailed = (report: SimReport): boolean => report.violations.length > 0 || report.stall !== null;

function count(
  total: { schedules: number; events: number; heights: number; violations: number; stalls: number },
  report: SimReport,
): void {
  total.schedules++;
  total.events += report.events;
  total.heights += report.heights;
  if (report.violations.length > 0) total.violations++;
  if (report.stall !== null) total.stalls++;
}

function failureOf({ seed, violations, stall }: SimReport, { mutation, kind }: CampaignOptions): Failure {
  const rules = [...new Set(violations.map(({ rule }) => rule))];
  return { seed, rules, stall, repeat: repeatCommand(seed, mutation, kind) };
}

/** The command that runs one schedule again and tells its story. */
export function repeatCommand(seed: number, mutation?: MutationName, kind?: ScheduleKind): string {
  const flags = [mutation && `--mutation ${mutation}`, kind && `--kind ${kind}`].filter(Boolean).join(' ');
  return `sortition sim --seed ${seed} --schedules 1 ${flags}`.trimEnd();
}
