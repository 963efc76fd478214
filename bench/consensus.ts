// Measures consensus: validators as processes over a real broker, with beacon and synced log; and the core alone.
import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { proposerOf } from '#machines/consensus/proposer.ts';
import { coreHeightsPerSecond } from './consensus-core.ts';
import { next, nextFinal, startValidators, type ValidatorNetwork } from './validator-network.ts';

export type Metrics = Record<string, { readonly value: number; readonly unit: string }>;

/** Blocks after which memory is read, as the requirement has it. */
const BLOCKS = 1_000;
/** The first of them, left out of the other figures: compilers and caches warm up. */
const WARM_UP = 100;
/** Pause between a transaction's finality everywhere and the next one, ms. */
const PAUSE_MS = 2;
const VIEW_CHANGES = 3;
/** For the traffic: blocks at a steady pace, as long as the machine keeps up with it. */
const PACED_BLOCKS = 50;
const PACE_MS = 100;

/**
 * `finality_*`: from a transaction's arrival at a validator to its block final and synced there, over all validators;
 * `cpu_ms_per_block`: processor time of one validator for one block of one transaction, beacon included; `traffic_kb_per_second`: what
 * one validator sends and receives at ten blocks a second, and `paced_blocks_per_second` whether it were ten.
 */
export async function benchConsensus({ validators }: { readonly validators: number }): Promise<Metrics> {
  const heights_per_second = coreHeightsPerSecond(validators, Math.ceil(4_000 / validators));
  const network = await startValidators(validators);
  try {
    const all = Array.from({ length: validators }, (_, i) => network.child(i));
    await submitOneByOne(network, all, WARM_UP);
    const before = await Promise.all(all.map(usageOf));
    const steady = await submitOneByOne(network, all, BLOCKS - WARM_UP);
    const after = await Promise.all(all.map(usageOf));
    const paced = await trafficAtPace(network, all);
    const view_changes = await pauseProposers(network, all, VIEW_CHANGES);
    return {
      finality_p50_ms: ms(quantile(steady, 0.5)),
      finality_p99_ms: ms(quantile(steady, 0.99)),
      view_change_ms: ms(quantile(view_changes, 0.5)),
      heights_per_second: { value: Math.round(heights_per_second), unit: 'heights/s' },
      cpu_ms_per_block: ms((sumOf(after) - sumOf(before)) / validators / (BLOCKS - WARM_UP)),
      ...paced,
      validator_rss_mb: { value: Math.round(Math.max(...after.map(({ rss_mb }) => rss_mb))), unit: 'MB' },
    };
  } finally {
    await network.stop();
  }
}

const ms = (value: number) => ({ value: Math.round(value * 10) / 10, unit: 'ms' });

function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

type Usage = { readonly rss_mb: number; readonly cpu_ms: number; readonly traffic_bytes: number };

async function usageOf(child: ChildProcess): Promise<Usage> {
  child.send('usage');
  return next(child, 'usage');
}

const sumOf = (usages: readonly Usage[]): number => usages.reduce((sum, { cpu_ms }) => sum + cpu_ms, 0);

type Finality = { readonly height: number; readonly ms: readonly number[] };

/** Submit one transaction; when it is final at each of these validators: the height, and milliseconds there. */
async function finalityOf(network: ValidatorNetwork, children: readonly ChildProcess[]): Promise<Finality> {
  const finals = children.map((child) => nextFinal(child));
  network.submit();
  const reports = await Promise.all(finals);
  return { height: reports[0]?.height ?? 0, ms: reports.flatMap((report) => report.finality_ms) };
}

async function submitOneByOne(
  network: ValidatorNetwork,
  children: readonly ChildProcess[],
  count: number,
): Promise<number[]> {
  const finality: number[] = [];
  for (let i = 0; i < count; i++) {
    const { ms: one } = await finalityOf(network, children);
    finality.push(...one);
    await delay(PAUSE_MS);
  }
  return finality;
}

/** A transaction at each tick, or when the one before is final everywhere. */
async function trafficAtPace(network: ValidatorNetwork, children: readonly ChildProcess[]): Promise<Metrics> {
  const before = await Promise.all(children.map(usageOf));
  const begin_ms = performance.now();
  for (let i = 0; i < PACED_BLOCKS; i++) {
    await Promise.all([finalityOf(network, children), delay(PACE_MS)]);
  }
  const seconds = (performance.now() - begin_ms) / 1_000;
  const after = await Promise.all(children.map(usageOf));
  const bytes = after.map(({ traffic_bytes }, i) => traffic_bytes - (before[i]?.traffic_bytes ?? 0));
  return {
    traffic_kb_per_second: { value: Math.round(Math.max(...bytes) / seconds / 1_000), unit: 'kB/s' },
    paced_blocks_per_second: { value: Math.round((10 * PACED_BLOCKS) / seconds) / 10, unit: 'blocks/s' },
  };
}

/** Pause the next proposer, submit, wake it when the others are done: finality at the others. */
async function pauseProposers(
  network: ValidatorNetwork,
  children: readonly ChildProcess[],
  count: number,
): Promise<number[]> {
  const finality: number[] = [];
  for (let i = 0; i < count; i++) {
    const { height } = await finalityOf(network, children);
    const proposer = proposerOf(network.membership, height + 1, 0);
    const paused = network.child(proposer);
    paused.kill('SIGSTOP');
    const { ms: others } = await finalityOf(
      network,
      children.filter((child) => child !== paused),
    );
    finality.push(...others);
    const back = nextFinal(paused);
    paused.kill('SIGCONT');
    await back;
  }
  return finality;
}
