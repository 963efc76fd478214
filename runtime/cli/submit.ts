// `sortition submit`: a job from the command line, paid by a key file.

import { randomUUID } from 'node:crypto';
import { SingleBar } from 'cli-progress';
import { u128 } from '#schemas/wire/fields.ts';
import { readKeyFile } from '../keys/key-file.ts';
import { keyPath } from '../network/local-genesis.ts';
import { followJob, jobIdOf } from '../network/main-job.ts';
import { CliError, EXIT } from './cli-error.ts';
import { printJson, printLine, short } from './print.ts';
import { type ReachOptions, reachConsole } from './reach.ts';

type Options = ReachOptions & {
  readonly key?: string;
  readonly kernel: string;
  readonly start: string;
  readonly units: number;
  readonly unitLog2: number;
  readonly reward: number;
  readonly idempotencyKey?: string;
  readonly wait?: boolean;
};

export async function run(o: Options): Promise<number> {
  const client = await reachConsole(o);
  const signer = await readKeyFile(o.key ?? keyPath(o.data, 'client'));
  const kernel = o.kernel;
  if (kernel !== 'collatz/v1' && kernel !== 'noop/v1')
    throw new CliError('KERNEL_UNKNOWN', `'${kernel}' is no kernel.`, EXIT.usage);
  const start = parseNumber(o.start);
  const idempotency_key = o.idempotencyKey ?? randomUUID();
  const { height } = await client.transact(signer, {
    type: 'job.submit',
    idempotency_key,
    kernel,
    start: u128(start),
    unit_log2: o.unitLog2,
    units: o.units,
    reward_per_unit_units: BigInt(o.reward),
  });
  const id = jobIdOf(signer.id, idempotency_key);
  if (o.wait !== true) {
    if (o.json === true) printJson({ job: id, height });
    else printLine(`Job ${id} accepted at height ${height}. Follow it with: sortition jobs ${id}`);
    return EXIT.ok;
  }
  const bar = new SingleBar({
    format: '{bar} {value}/{total} units  {speed} numbers/s',
    hideCursor: true,
    stream: process.stderr,
  });
  if (o.json !== true) bar.start(o.units, 0, { speed: '' });
  const { job } = await followJob(client, id, (_view, now) =>
    bar.update(now.settled_count + now.parked_count, { speed: short(now.numbers_per_second) }),
  );
  bar.stop();
  if (o.json === true) printJson(job);
  else
    printLine(
      `Job ${id} finished: ${job.settled_count} units settled, ${job.parked_count} parked, ${job.disagreements_count} disagreements.`,
    );
  return job.parked_count === 0 ? EXIT.ok : EXIT.refused;
}

/** Decimal digits, or a power like 2^71. */
function parseNumber(text: string): bigint {
  const power = /^2\^(\d{1,3})$/.exec(text);
  const number = power !== null ? 1n << BigInt(power[1] ?? 0) : /^\d{1,39}$/.test(text) ? BigInt(text) : -1n;
  if (number < 0n || number >= 1n << 128n)
    throw new CliError('NUMBER_INVALID', `'${text}' is no number below 2^128.`, EXIT.usage);
  return number;
}
