// Writes docs/reference/benchmarks.md: every bench several times, medians, with the machine, its load and the date.
//   node bench/report.ts [runs]
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type Metrics, median } from './figures.ts';

type Line = { readonly bench: string; readonly load_average: number; readonly metrics: Metrics };

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Each with what it measures on. */
const BENCHES: readonly (readonly [args: readonly string[], setting: string])[] = [
  [['store'], 'One database; synced batches of 1,000 rows, and of one.'],
  [['runtime'], 'Two actors pass tokens to and fro, over the broker and over its twin.'],
  [['consensus', '--validators', '4'], 'A process for each validator, logs synced.'],
  [['consensus', '--validators', '7'], 'A process for each validator, logs synced.'],
  [['consensus', '--validators', '16'], 'A process for each validator, logs synced.'],
  [['consensus', '--validators', '31'], 'A process for each validator, logs synced.'],
  [
    ['transactions', '--validators', '4'],
    'Transfers of 64 accounts, signed beforehand; a process for each validator, which hosts idle workers or the services besides.',
  ],
  [['transactions', '--validators', '1'], 'The same with one validator alone: what its own pipeline takes.'],
  [['sync', '--validators', '4'], 'A validator with an empty disk fetches 1,000 blocks of 2 kB from three others.'],
  [['sync', '--validators', '31'], 'The same in a set of 31, from eight others.'],
  [
    ['work'],
    'A process for each of four operators: a validator with two workers, three times, and a validator with shuffler, archiver and gateway. The client is told over NATS.',
  ],
  [['start'], 'The network of `npm start`, a process for each node, after set-up.'],
];
/** What the first release has to reach. */
const ASKED: Readonly<Record<string, string>> = {
  finality_p50_ms: '≤ 15, 25, 80, 300 at n = 4, 7, 16, 31',
  view_change_ms: '< 1,000',
  traffic_kb_per_second: '< 1,000 at n = 7',
  transfers_per_second: '≥ 1,500 at n = 4, 5,000 alone',
  validator_rss_mb: '< 300 after 1,000 blocks',
  sync_s: '≤ 5 at n = 4, 15 at n = 31',
  events_per_second: '≥ 20,000',
  tasks_per_second: '≥ 1,000',
  task_p99_ms: '< 1,000',
  kernel_numbers_per_second: '≥ 10^9',
  start_to_first_block_s: '≤ 5',
};

const runs = Number(process.argv[2] ?? 3);
const sections = BENCHES.map(([args, setting]) =>
  section(
    args,
    setting,
    Array.from({ length: runs }, () => measure(args)),
  ),
);
const [cpu] = cpus();
writeFileSync(
  `${ROOT}/docs/reference/benchmarks.md`,
  `# Benchmarks

Written by \`node bench/report.ts\`, which ran \`sortition bench\` ${runs} time${runs === 1 ? '' : 's'} each (medians). Brokers, databases, keys
and processes are real; everything runs on one machine over loopback.

Machine: ${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}. The load
average is the one before each run: the machine is shared, and above about 1 the figures are worse than they need be.

${sections.join('\n')}`,
);

function measure(args: readonly string[]): Line {
  const out = execFileSync(process.execPath, ['runtime/cli/main.ts', 'bench', ...args, '--json'], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(out.trim().split('\n').at(-1) ?? '') as Line;
}

function section(args: readonly string[], setting: string, lines: readonly Line[]): string {
  const names = Object.keys(lines[0]?.metrics ?? {});
  const rows = names.map((name) => {
    const figures = lines.flatMap(({ metrics }) => metrics[name] ?? []);
    const value = median(figures.map((figure) => figure.value));
    return `| ${name} | ${value.toLocaleString('en')} | ${figures[0]?.unit ?? ''} | ${ASKED[name] ?? ''} |`;
  });
  const loads = lines.map(({ load_average }) => load_average.toFixed(1)).join(', ');
  return `## \`sortition bench ${args.join(' ')}\`\n\n${setting} Load average before each run: ${loads}.\n\n| metric | median | unit | asked |\n|---|---:|---|---|\n${rows.join('\n')}\n`;
}
