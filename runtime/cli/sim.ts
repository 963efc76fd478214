// `sortition sim`: seeded schedules of the production machines under a virtual network, clock and disk.
import { SingleBar } from 'cli-progress';
import { tellSchedule } from '../sim/batch.ts';
import { type Campaign, type CampaignOptions, runCampaign } from '../sim/campaign.ts';
import { describeRun } from '../sim/describe.ts';
import { MUTATIONS, type MutationName } from '../sim/mutations.ts';
import type { ScheduleKind } from '../sim/plan.ts';
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
  readonly json?: boolean;
};

/** Exit code 0: nothing found and nothing missed, or with a planted bug: found. */
export async function run(o: Options): Promise<number> {
  const mutation = mutationOf(o);
  const options = {
    seed: o.seed,
    ...(mutation && { mutation }),
    ...(o.kind && { kind: o.kind }),
    ...(o.workers && { workers: o.workers }),
  };
  const hasFound = o.schedules === 1 && o.json !== true ? await tell(options) : await campaign(o, options);
  return hasFound === (mutation !== undefined) ? EXIT.ok : EXIT.failure;
}

function mutationOf({ mutation }: Options): MutationName | undefined {
  const names = Object.keys(MUTATIONS).join(', ');
  if (mutation !== undefined && !(mutation in MUTATIONS))
    throw new CliError('MUTATION_UNKNOWN', `'${mutation}' is none of ${names}.`, EXIT.usage);
  return mutation as MutationName | undefined;
}

type Chosen = Omit<CampaignOptions, 'schedules'>;

/** One schedule is run to be read: its whole story. */
async function tell(options: Chosen): Promise<boolean> {
  const report = await tellSchedule({ ...options, first: options.seed });
  printLine(describeRun(report, options.mutation));
  return hasFailed(report);
}

async function campaign({ schedules, json }: Options, options: Chosen): Promise<boolean> {
  const bar = new SingleBar({ format: '{bar} {value}/{total} schedules', hideCursor: true, stream: process.stderr });
  if (json !== true) bar.start(schedules, 0);
  const stops_at_failure = options.mutation !== undefined;
  const result = await runCampaign({
    ...options,
    schedules,
    stops_at_failure,
    onProgress: (done) => bar.update(done),
  });
  bar.stop();
  if (json === true) printJson(result);
  else printCampaign(result);
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
  for (const { seed, rules, stall, repeat } of failures)
    printLine(`  seed ${seed}: ${[...rules, ...(stall === null ? [] : [stall])].join(', ')}; again: ${repeat}`);
}
