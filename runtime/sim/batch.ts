// A few schedules in a row, as one worker runs them: what each came to, small enough to be sent between threads.
import { loadMutant } from './mutant.ts';
import { MUTATIONS, type Mutation, type MutationName, SOUND } from './mutations.ts';
import type { ScheduleKind } from './plan.ts';
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

/** Run them in order. */
export async function runBatch({ first, count, mutation, kind, stops_at_failure }: Batch): Promise<SimReport[]> {
  const run = await simulationOf(mutation);
  const reports: SimReport[] = [];
  for (let i = 0; i < count; i++) {
    const report = await run(first + i, kind);
    reports.push(report);
    if (stops_at_failure && hasFailed(report)) break;
  }
  return reports;
}

/** Run one schedule and keep its story, for `describeRun`. */
export async function tellSchedule({ first, mutation, kind }: Omit<Batch, 'count'>): Promise<SimReport> {
  const run = await simulationOf(mutation);
  return run(first, kind, true);
}

type Simulation = (seed: number, kind?: ScheduleKind, tells?: boolean) => Promise<SimReport>;

/** Loading an edited program twice in one thread would give the first one again: it is kept. */
const mutants = new Map<MutationName, Promise<typeof runSimulation>>();

/** What runs one schedule: of production, or with the planted bug: then of the kind that can show it. */
async function simulationOf(name?: MutationName): Promise<Simulation> {
  const mutation: Mutation = name === undefined ? SOUND : MUTATIONS[name];
  const simulate =
    name === undefined || mutation.edit === undefined ? runSimulation : await mutantOf(name, mutation.edit);
  return (seed, kind = mutation.kind, tells = false) => simulate({ seed, mutation, tells, ...(kind && { kind }) });
}

function mutantOf(name: MutationName, edit: NonNullable<Mutation['edit']>): Promise<typeof runSimulation> {
  const mutant = mutants.get(name) ?? loadMutant(name, edit);
  mutants.set(name, mutant);
  return mutant;
}
