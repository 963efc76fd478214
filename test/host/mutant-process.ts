// Looks for planted bugs of the host, in a process of its own: edited programs are loaded by the runtime's own hooks.
// `node test/host/mutant-process.ts [NAME ...]` prints a line for each, all of them where none is named; it fails where one survives.
import { importMutant } from '#runtime/sim/mutant.ts';
import type * as Adversary from './adversary.ts';
import { MUTANTS, type Mutant, type MutantName } from './mutants.ts';

/** How one planted bug fared. */
export type MutantReport = {
  readonly name: string;
  readonly budget: number;
  /** The first seed that shows it; null: it survived its budget. */
  readonly found_at: number | null;
  /** What that seed shows first. */
  readonly shown: string;
};

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(MUTANTS);
for (const name of names) {
  const report = await look(name as MutantName);
  process.stdout.write(`${JSON.stringify(report)}\n`);
  if (report.found_at === null) process.exitCode = 1;
}

async function look(name: MutantName): Promise<MutantReport> {
  const { budget, kind, edits }: Mutant = MUTANTS[name];
  const entry = new URL('./adversary.ts', import.meta.url).href;
  const { runSchedule } = (await importMutant(name, edits, entry)) as typeof Adversary;
  for (let seed = 1; seed <= budget; seed++) {
    const { wrong } = await runSchedule(seed, kind);
    if (wrong[0] !== undefined) return { name, budget, found_at: seed, shown: wrong[0] };
  }
  return { name, budget, found_at: null, shown: '' };
}
