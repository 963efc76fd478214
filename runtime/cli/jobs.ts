// `sortition jobs [job]`: the jobs, or one with its units.
import type { ConsoleView } from '#schemas/node/console.ts';
import { printJson, printLine } from './print.ts';
import { type ReachOptions, reachConsole } from './reach.ts';
import { jobTable } from './status.ts';
import { brief, table } from './table.ts';

type Job = ConsoleView['jobs'][number];
type JobWithUnits = Job & {
  readonly units: readonly {
    readonly index: number;
    readonly phase: string;
    readonly attempt?: number;
    readonly worker?: string;
    readonly auditors?: readonly string[];
  }[];
};

export async function run(o: ReachOptions, id?: string): Promise<number> {
  const client = await reachConsole(o);
  if (id === undefined) {
    const { jobs } = await client.get<{ readonly jobs: readonly Job[] }>('/api/jobs');
    if (o.json === true) printJson({ jobs });
    else printLine(jobs.length === 0 ? 'No jobs yet; `sortition submit` makes one.' : jobTable([...jobs]));
    return 0;
  }
  const job = await client.get<JobWithUnits>(`/api/jobs/${id}`);
  if (o.json === true) printJson(job);
  else showJob(job);
  return 0;
}

function showJob(job: JobWithUnits): void {
  printLine(jobTable([job]));
  printLine();
  printLine(
    table(
      ['unit', 'phase', 'attempt', 'worker', 'auditors'],
      job.units.map((u) => [
        u.index,
        u.phase,
        u.attempt ?? '',
        brief(u.worker ?? ''),
        (u.auditors ?? []).map(brief).join(' '),
      ]),
    ),
  );
}
