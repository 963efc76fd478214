// Runs Quint's simulator over spec/consensus.qnt and hands out what it went through.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Trace, traceOf } from '../model/trace.ts';

const SPEC = join(import.meta.dirname, '../../spec');
const QUINT = join(SPEC, 'node_modules/@informalsystems/quint/dist/src/cli.js');

/** The model's instances, with the invariant that each must keep. */
export const MODELS = [
  { name: 'oneFaultyFirst', faulty: [0], invariant: 'safety' },
  { name: 'oneFaultySecond', faulty: [1], invariant: 'safety' },
  { name: 'twoFaulty', faulty: [0, 1], invariant: 'blame' },
] as const;
export type Model = (typeof MODELS)[number];

/** Longer than any run that decides: most end by themselves. */
const MAX_STEPS = 80;
/** Quint keeps all traces of a simulation in memory. */
const RUNS_AT_ONCE = 25;

/** Traces of so many runs, rounded up. Rejects with Quint's words where one of them breaks the invariant. */
export async function simulate(model: Model, invariant: string, runs: number, seed: number): Promise<Trace[]> {
  const traces: Trace[] = [];
  for (let i = 0; traces.length < runs; i++) traces.push(...(await simulateOnce(model, invariant, seed + i)));
  return traces;
}

async function simulateOnce({ name, faulty }: Model, invariant: string, seed: number): Promise<Trace[]> {
  const dir = await mkdtemp(join(tmpdir(), 'sortition-quint-'));
  const shown = { backend: 'typescript', main: name, invariant, seed, verbosity: 1, 'max-steps': MAX_STEPS };
  const kept = { 'max-samples': RUNS_AT_ONCE, 'n-traces': RUNS_AT_ONCE, 'out-itf': join(dir, '{seq}.json') };
  const options = Object.entries({ ...shown, ...kept }).map(([option, value]) => `--${option}=${value}`);
  try {
    await promisify(execFile)(process.execPath, [QUINT, 'run', join(SPEC, 'consensus.qnt'), ...options]);
    const files = Array.from({ length: RUNS_AT_ONCE }, (_, i) => readFile(join(dir, `${i}.json`), 'utf8'));
    return (await Promise.all(files)).map((text) => traceOf(name, faulty, JSON.parse(text)));
  } finally {
    await rm(dir, { recursive: true });
  }
}
