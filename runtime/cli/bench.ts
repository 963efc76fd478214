// `sortition bench`: measures this machine and prints one JSON line; the figures of docs/reference/benchmarks.md come from it.
import { loadavg } from 'node:os';
import { CliError, EXIT } from './cli-error.ts';
import { printJson, printLine } from './print.ts';
import { table } from './table.ts';

type Metrics = Readonly<Record<string, { readonly value: number; readonly unit: string }>>;

/** Each part is loaded only when it is measured. */
const BENCHES: Readonly<Record<string, (o: { readonly validators: number }) => Promise<Metrics>>> = {
  runtime: async () => (await import('#bench/runtime.ts')).benchRuntime(),
  consensus: async (o) => (await import('#bench/consensus.ts')).benchConsensus(o),
  sync: async (o) => (await import('#bench/sync.ts')).benchSync(o),
  transactions: async (o) => (await import('#bench/transactions.ts')).benchTransactions(o),
  work: async () => (await import('#bench/work.ts')).benchWork(),
  store: async () => (await import('#bench/store.ts')).benchStore(),
  start: async () => (await import('#bench/start.ts')).benchStart(),
};

export async function run(o: { readonly validators: number; readonly json?: boolean }, what: string): Promise<number> {
  const bench = BENCHES[what];
  if (bench === undefined) throw new CliError('BENCH_UNKNOWN', `'${what}' is no bench.`, EXIT.usage);
  const load_average = loadavg()[0] ?? 0;
  const metrics = await bench(o);
  if (o.json === true) printJson({ bench: what, load_average: Math.round(load_average * 100) / 100, metrics });
  else
    printLine(
      table(
        [what, 'value', 'unit'],
        Object.entries(metrics).map(([name, { value, unit }]) => [name, value, unit]),
      ),
    );
  return EXIT.ok;
}
