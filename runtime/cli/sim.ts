// `sortition sim`: seeded schedules of the production machines under a virtual network, clock and disk.
import { readFile } from 'node:fs/promises';
import { SingleBar } from 'cli-progress';
import { planOf, runPlan } from '../sim/batch.ts';
import { type Campaign, type CampaignOptions, runCampaign } from '../sim/campaign.ts';
import { describeRun } from '../sim/describe.ts';
import { EXHAUSTIVE_PLANS } from '../sim/exhaustive.ts';
import { runGate, type Verdict } from '../sim/gate.ts';
import { MUTATIONS, type MutationName } from '../sim/mutations.ts';
import type { Plan, ScheduleKind } from '../sim/plan.ts';
import { ReplayFile, replayOf, writeReplay } from '../sim/replay-file.ts';
import { hasFailed } from '../sim/report.ts';
import { SOMETIMES, type SometimeName } from '../sim/sometimes.ts';
import { CliError, EXIT } from './cli-error.ts';
import { printJson, printLine } from './print.ts';

type Options = {
  readonly schedules: number;
  readonly seed: number;
  readonly mutation?: string;
  readonly kind?: ScheduleKind;
  readonly workers?: number;
  readonly replay?: string;
  readonly gate?: boolean;
  readonly json?: boolean;
};

/** Where a campaign writes the schedules that fail. */
const FAILURES = 'sim-failures';

/** Exit code 0: nothing found and nothing missed, or with a planted bug: found. */
export async function run(o: Options): Promise<number> {
  if (o.gate === true) return gate(o);
  if (o.replay !== undefined) return replay(o.replay);
  const mutation = mutationOf(o);
  const options = {
    seed: o.seed,
    ...(mutation && { mutation }),
    ...(o.kind && { kind: o.kind }),
    ...(o.workers && { workers: o.workers }),
  };
  const isStory = o.schedules === 1 && o.json !== true;
  const isAll = o.kind === 'exhaustive' && o.schedules > 1;
  const hasFound = isStory
    ? await tell(planOf(o.seed, mutation, o.kind), mutation)
    : await campaign(isAll ? { ...o, schedules: EXHAUSTIVE_PLANS } : o, isAll ? { ...options, seed: 0 } : options);
  return hasFound === (mutation !== undefined) ? EXIT.ok : EXIT.failure;
}

function mutationOf({ mutation }: Options): MutationName | undefined {
  const names = Object.keys(MUTATIONS).join(', ');
  if (mutation !== undefined && !(mutation in MUTATIONS))
    throw new CliError('MUTATION_UNKNOWN', `'${mutation}' is none of ${names}.`, EXIT.usage);
  return mutation as MutationName | undefined;
}

/** One schedule is run to be read: its whole story. */
async function tell(plan: Plan, mutation?: MutationName): Promise<boolean> {
  const report = await runPlan(plan, mutation, true);
  printLine(describeRun(report, mutation));
  return hasFailed(report);
}

/** A schedule from its file: what it showed then, and what it shows now. */
async function replay(path: string): Promise<number> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new CliError('REPLAY_UNREADABLE', `${path} cannot be read.`, EXIT.usage, { cause });
  });
  const file = ReplayFile.safeParse(parsed(text));
  if (!file.success)
    throw new CliError('REPLAY_UNREADABLE', `${path} holds no schedule.`, EXIT.usage, { cause: file.error });
  const { plan, mutation, found, about } = file.data;
  if (about !== '') printLine(about);
  printLine(`found then: ${found.join(', ')}${mutation === null ? '' : `, with the planted bug ${mutation}`}`);
  const hasFound = await tell(plan, mutation ?? undefined);
  return hasFound === (mutation !== null) ? EXIT.ok : EXIT.failure;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function gate({ json }: Options): Promise<number> {
  const verdicts = await runGate((verdict) => {
    if (json !== true) printVerdict(verdict);
  });
  const survivors = verdicts.filter(({ is_killed }) => !is_killed).map(({ mutation }) => mutation);
  if (json === true) printJson({ planted: verdicts.length, survivors, verdicts });
  else printLine(survivors.length === 0 ? `all ${verdicts.length} found` : `not found: ${survivors.join(', ')}`);
  return survivors.length === 0 ? EXIT.ok : EXIT.failure;
}

const printVerdict = ({ mutation, budget, found_at, found, is_killed }: Verdict): void =>
  printLine(
    `${is_killed ? 'found ' : 'MISSED'}  ${mutation.padEnd(26)} at ${found_at ?? '–'} of ${budget}: ${found.join(', ')}`,
  );

async function campaign({ schedules, json }: Options, options: Omit<CampaignOptions, 'schedules'>): Promise<boolean> {
  const bar = new SingleBar({ format: '{bar} {value}/{total} schedules', hideCursor: true, stream: process.stderr });
  if (json !== true) bar.start(schedules, 0);
  const stops_at_failure = options.mutation !== undefined;
  const onProgress = (done: number): void => bar.update(done);
  const result = await runCampaign({ ...options, schedules, stops_at_failure, onProgress });
  bar.stop();
  if (json === true) printJson(result);
  else printCampaign(result);
  if (options.mutation === undefined)
    for (const failure of result.failures) await writeReplay(FAILURES, replayOf(failure));
  return result.violations + result.stalls + result.missed.length > 0;
}

function printCampaign({ schedules, events, violations, stalls, trace_hash, seen, missed, failures }: Campaign): void {
  printLine(
    `${schedules} schedules, ${events} events, ${violations} violations, ${stalls} stalls, trace ${trace_hash}`,
  );
  for (const [name, { about }] of Object.entries(SOMETIMES))
    printLine(`${String(seen[name as SometimeName]).padStart(10)}  ${about}`);
  for (const name of missed)
    printLine(
      `  missed: ${name}: within ${SOMETIMES[name].within} schedules some validator should have ${SOMETIMES[name].about}`,
    );
  for (const { seed, found, repeat } of failures)
    printLine(`  seed ${seed}: ${found.join(', ')}; in ${FAILURES}/; again: ${repeat}`);
}
