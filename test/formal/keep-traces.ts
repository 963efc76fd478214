// `node test/formal/keep-traces.ts`: writes the few traces of the model that `npm test` replays, chosen so that each planted bug shows.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BUGS, GOLDEN } from '../model/golden.ts';
import { replay } from '../model/replay.ts';
import type { Trace } from '../model/trace.ts';
import { MODELS, simulate } from './quint.ts';

const RUNS = 75;
const SEED = 20_261_123;

/** The first trace of each model, and the first that tells each bug from the production core. */
async function choose(): Promise<Trace[]> {
  const all: Trace[] = [];
  for (const model of MODELS) all.push(...(await simulate(model, model.invariant, RUNS, SEED)));
  const telling = Object.values(BUGS).map((parts) => all.find((trace) => replay(trace, parts) !== undefined));
  const first = MODELS.map(({ name }) => all.find(({ model }) => model === name));
  return [...new Set([...first, ...telling])].filter((trace) => trace !== undefined);
}

await mkdir(GOLDEN, { recursive: true });
for (const [i, trace] of (await choose()).entries())
  await writeFile(join(GOLDEN, `${trace.model}-${i}.json`), `${JSON.stringify(trace)}\n`);
