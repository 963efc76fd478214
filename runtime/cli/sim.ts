// `sortition sim`: seeded schedules of the production machines under a virtual network, clock and disk.
import { SingleBar } from 'cli-progress';
import { runCampaign } from '../sim/campaign.ts';
import { MUTATIONS, type MutationName } from '../sim/mutations.ts';
import { CliError, EXIT } from './cli-error.ts';
import { printJson, printLine } from './print.ts';

type Options = {
  readonly schedules: number;
  readonly seed: number;
  readonly mutation?: string;
  readonly json?: boolean;
};

/** Exit code 0: nothing found, or with a planted bug: found. */
export async function run(o: Options): Promise<number> {
  const mutation = o.mutation as MutationName | undefined;
  if (mutation !== undefined && !(mutation in MUTATIONS))
    throw new CliError(
      'MUTATION_UNKNOWN',
      `'${mutation}' is none of ${Object.keys(MUTATIONS).join(', ')}.`,
      EXIT.usage,
    );
  const bar = new SingleBar({ format: '{bar} {value}/{total} schedules', hideCursor: true, stream: process.stderr });
  if (o.json !== true) bar.start(o.schedules, 0);
  const campaign = await runCampaign({
    schedules: o.schedules,
    seed: o.seed,
    ...(mutation === undefined ? {} : { mutation, stops_at_failure: true }),
    onProgress: (done) => bar.update(done),
  });
  bar.stop();
  const { failures, ...counts } = campaign;
  const found = campaign.violations + campaign.stalls;
  if (o.json === true) printJson({ ...counts, failures });
  else {
    printLine(
      `${counts.schedules} schedules, ${counts.events} events, ${counts.violations} violations, ${counts.stalls} stalls, trace ${counts.trace_hash}`,
    );
    for (const { seed, rules, stall, repeat } of failures)
      printLine(`  seed ${seed}: ${[...rules, ...(stall === null ? [] : [stall])].join(', ')}; again: ${repeat}`);
  }
  return (found === 0) === (mutation === undefined) ? EXIT.ok : EXIT.failure;
}
