// A few schedules in a row, as one worker runs them: what each came to, small enough to be sent between threads.
import { drawPlan } from './draw-plan.ts';
import { afterPlan, exhaustivePlan } from './exhaustive.ts';
import { loadMutant } from './mutant.ts';
import { MUTATIONS, type Mutation, type MutationName, SOUND } from './mutations.ts';
import type { Plan, ScheduleKind } from './plan.ts';
import { hasFailed, type SimReport } from './report.ts';
import { runSimulation } from './simulation.ts';

/** Schedules to run: the seeds from `first` on. */
export type Batch = {
  readonly first: number;
  readonly count: number;
  /** Plant this bug. */
  readonly mutation?: MutationName;
  /** Only schedules of this kind; as the seeds draw them, if absent. */
  readonly kind?: ScheduleKind;
  /** End with the first schedule that fails. */
  readonly stops_at_failure?: boolean;
};

/** Run them in order; of the exhaustive campaign those that may differ. */
export async function runBatch({ first, count, mutation, kind, stops_at_failure }: Batch): Promise<SimReport[]> {
  const reports: SimReport[] = [];
  for (let next = first; next < first + count; ) {
    const report = await runPlan(planOf(next, mutation, kind), mutation);
    reports.push(report);
    next = kind === 'exhaustive' ? afterPlan(next, report.rounds) : next + 1;
    if (stops_at_failure && hasFailed(report)) break;
  }
  return reports;
}

/** The plan of a seed; a planted bug is looked for in schedules that can show it. */
export function planOf(seed: number, mutation?: MutationName, kind?: ScheduleKind): Plan {
  const shown: Mutation = mutation === undefined ? SOUND : MUTATIONS[mutation];
  return kind === 'exhaustive' ? exhaustivePlan(seed) : drawPlan(seed, kind ?? shown.kind);
}

/** Run one schedule of production, or with the planted bug; with `tells` its story is kept for `describeRun`. */
export async function runPlan(plan: Plan, name?: MutationName, tells = false): Promise<SimReport> {
  const mutation: Mutation = name === undefined ? SOUND : MUTATIONS[name];
  const simulate =
    name === undefined || mutation.edits === undefined ? runSimulation : await mutantOf(name, mutation.edits);
  return simulate({ plan, mutation, tells });
}

/** Loading an edited program twice in one thread would give the first one again: it is kept. */
const mutants = new Map<MutationName, Promise<typeof runSimulation>>();

function mutantOf(name: MutationName, edits: NonNullable<Mutation['edits']>): Promise<typeof runSimulation> {
  const mutant = mutants.get(name) ?? loadMutant(name, edits);
  mutants.set(name, mutant);
  return mutant;
}
