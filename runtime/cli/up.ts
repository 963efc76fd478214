// `sortition up`: a whole network on this machine, its main job, and the settlement that anyone can verify.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SingleBar } from 'cli-progress';
import { bundleFolderName } from '#schemas/settlement/bundle.ts';
import { verifyBundle } from '../archive/verify.ts';
import { endLeftBroker } from '../broker/broker.ts';
import { readKeyFile } from '../keys/key-file.ts';
import { ConsoleClient } from '../network/console-client.ts';
import { keyPath } from '../network/local-genesis.ts';
import { brokerDir, type RunningNetwork, startLocalNetwork } from '../network/local-network.ts';
import {
  ensureMainJob,
  followJob,
  type JobView,
  type SettlementInfo,
  settlementOf,
  type Watch,
} from '../network/main-job.ts';
import { nodeDir } from '../network/node-process.ts';
import { readRunning } from '../network/running.ts';
import { CliError, EXIT } from './cli-error.ts';
import { bold, dim, green, printJson, printLine, say, short } from './print.ts';

type Options = {
  readonly data: string;
  readonly exit?: boolean;
  readonly json?: boolean;
  readonly fresh?: boolean;
  readonly units: number;
  readonly unitLog2: number;
  readonly port: number;
};

type Outcome = {
  readonly job: JobView;
  readonly settlement: SettlementInfo;
  readonly blocks: number;
  readonly finality_ms: { readonly p50: number; readonly p99: number };
  readonly folder: string;
  readonly verified: boolean;
};

/** How long the job's followers wait for a gateway that is being started again, ms. */
const GATEWAY_PATIENCE_MS = 60_000;

export async function run(o: Options): Promise<number> {
  await refuseSecond(o.data);
  if (o.fresh === true) await forget(o.data);
  say(dim(`Starting a local network in ${o.data} …`));
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());
  const network = await startLocalNetwork({
    dir: o.data,
    port: o.port,
    isSupervised: true,
    signal: stop.signal,
    ...externalBroker(),
  }).catch((error: unknown) => {
    if (!stop.signal.aborted) throw error;
  });
  if (network === undefined) return EXIT.ok;
  const asked = untilStopped(stop.signal);
  try {
    say(`Console: ${bold(network.gateway_url)}`);
    const outcome = await Promise.race([mainJob(o, network, stop.signal), asked]);
    if (outcome === 'stop') return EXIT.ok;
    if (o.json === true) printJson(summary(outcome));
    else report(outcome);
    if (o.exit !== true) await untilAsked(network, asked);
    return outcome.verified ? EXIT.ok : EXIT.failure;
  } finally {
    say(dim('Stopping …'));
    await network.stop();
  }
}

const untilStopped = (signal: AbortSignal): Promise<'stop'> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve('stop');
    signal.addEventListener('abort', () => resolve('stop'), { once: true });
  });

/** Nothing of an earlier run stays, its broker least of all, should that have been left behind by a kill. */
async function forget(dir: string): Promise<void> {
  await endLeftBroker(brokerDir(dir));
  // Nodes that were left behind end by themselves, and may write until they do.
  await rm(dir, { recursive: true, force: true, maxRetries: 10 });
}

/** NATS_URL (and NATS_WS_URL for browsers) name a broker that runs already. */
function externalBroker() {
  const { NATS_URL: url, NATS_WS_URL: ws_url = '' } = process.env;
  return url ? { external: { url, ws_url } } : {};
}

/** Two networks over one folder would fight for its databases. */
async function refuseSecond(dir: string): Promise<void> {
  const other = await readRunning(dir).catch(() => undefined);
  if (other !== undefined)
    throw new CliError(
      'NETWORK_RUNS_ALREADY',
      `${dir} is in use by process ${other.pid}, console at ${other.gateway_url || 'an address to come'}.`,
    );
}

async function mainJob(o: Options, network: RunningNetwork, signal: AbortSignal): Promise<Outcome> {
  const client = new ConsoleClient(network.gateway_url, { ms: GATEWAY_PATIENCE_MS, signal });
  const signer = await readKeyFile(keyPath(o.data, 'client'));
  const first_height = (await client.view()).height;
  const id = await ensureMainJob(client, signer, { units: o.units, unit_log2: o.unitLog2 });
  const bar = progressBar(o.json !== true);
  const { view, job } = await followJob(client, id, bar.watch).finally(() => bar.stop());
  const settlement = await settlementOf(client, id);
  const folder = join(nodeDir(o.data, 'archiver'), 'bundles', bundleFolderName(settlement.seq));
  return {
    job,
    settlement,
    blocks: view.height - first_height,
    finality_ms: view.finality_ms,
    folder,
    verified: verifyBundle(folder).ok,
  };
}

/** Units, speed, blocks and checks of the job, redrawn in place; nothing where nobody looks. */
function progressBar(isShown: boolean): { readonly watch: Watch; stop(): void } {
  if (!isShown) return { watch: () => undefined, stop: () => undefined };
  const format =
    '{bar} {value}/{total} units  {speed} numbers/s  height {height}  {audits} audits  {disagreements} disagreements  ETA {left}';
  const bar = new SingleBar({
    format,
    hideCursor: true,
    stream: process.stderr,
    barsize: 24,
    noTTYOutput: true,
    notTTYSchedule: 5_000,
  });
  let isStarted = false;
  return {
    watch(view, job) {
      const { eta_s } = job;
      const shown = {
        speed: short(job.numbers_per_second),
        height: view.height,
        audits: job.audits_count,
        disagreements: job.disagreements_count,
        left: eta_s === null ? '…' : `${Math.ceil(eta_s)} s`,
      };
      if (!isStarted) bar.start(job.units_count, 0, shown);
      isStarted = true;
      bar.update(job.settled_count + job.parked_count, shown);
    },
    stop: () => bar.stop(),
  };
}

/** The line that scripts read; its shape is a promise. */
function summary({ job, settlement, blocks, finality_ms, verified }: Outcome) {
  const start = BigInt(job.start);
  return {
    job: job.id,
    range: [start, start + BigInt(job.numbers)],
    numbers: job.numbers,
    seconds: seconds(job),
    units: job.units_count,
    attempts: job.attempts_count,
    audits: job.audits_count,
    disagreements: job.disagreements_count,
    blocks,
    finality_ms,
    settlement: { cid: settlement.cid, sum: sumOf(settlement), entries: settlement.entries.length },
    verified,
  };
}

const seconds = (job: JobView): number => (job.finished_ms - job.submitted_ms) / 1000;
const sumOf = ({ entries }: SettlementInfo): number => Number(entries.reduce((sum, { d }) => sum + BigInt(d), 0n));

function report({ job, settlement, folder, verified, ...rest }: Outcome): void {
  const end = BigInt(job.start) + BigInt(job.numbers);
  printLine();
  printLine(bold(`Settlement ${settlement.seq}`));
  for (const { a, k, d } of settlement.entries)
    printLine(`  ${d.padStart(12)} ${a}  ${k.length === 64 ? `${k.slice(0, 16)}…` : k}`);
  printLine(`  ${`${sumOf(settlement)}`.padStart(12)} ${bold('sum')}`);
  printLine();
  printLine(`Searched    ${job.start} … ${end} (exclusive): every number falls below its start`);
  printLine(
    `            ${short(Number(job.numbers))} numbers in ${seconds(job).toFixed(1)} s, ${job.units_count} units, ${job.audits_count} audits, ${job.disagreements_count} disagreements`,
  );
  printLine(
    `Finality    p50 ${rest.finality_ms.p50.toFixed(1)} ms, p99 ${rest.finality_ms.p99.toFixed(1)} ms over ${rest.blocks} blocks`,
  );
  printLine(`State root  ${settlement.state_root}`);
  printLine(`CID         ${settlement.cid} (archive: embedded)`);
  printLine(`Verified    ${verified ? green('yes') : 'NO'}; check it yourself, offline:`);
  printLine(`  npm run -s sortition -- verify ${folder}`);
}

async function untilAsked(network: RunningNetwork, stop: Promise<'stop'>): Promise<void> {
  say(`\nThe network stays up: console at ${bold(network.gateway_url)}, Ctrl-C stops it.`);
  await stop;
}
