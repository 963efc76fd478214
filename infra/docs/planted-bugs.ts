// docs/reference/planted-bugs.md: how each planted bug fared, written by the run that looks for them.
//   npm run gate              look for all of them and write the page; fails where one survives
//   npm run gate -- --check   … and fail, too, where the page told otherwise
import { readFile, writeFile } from 'node:fs/promises';
import { runGate, type Verdict } from '../../runtime/sim/gate.ts';
import { MUTATIONS } from '../../runtime/sim/mutations.ts';
import { code, table } from './markdown.ts';

const PAGE = new URL('../../docs/reference/planted-bugs.md', import.meta.url);
const HEAD = ['mutation', 'what is wrong', 'schedules', 'found at', 'budget', 'shown by', 'accepted'];

/** A row of the table: a bug counts as found where the schedule breaks one of the accepted rules. */
function row({ mutation, budget, found_at, found, is_killed }: Verdict): readonly string[] {
  const { about, kind, shows } = MUTATIONS[mutation];
  const at = found_at?.toLocaleString('en-US') ?? 'survived';
  return [
    code(mutation),
    about,
    kind,
    is_killed ? at : `**${at}**`,
    budget.toLocaleString('en-US'),
    found.map(code).join(', '),
    shows.map(code).join(', '),
  ];
}

const page = (verdicts: readonly Verdict[]): string => `# Planted bugs

What the simulator's [mutation gate](../simulator.md#planted-bugs) plants, and at which schedule it was found: seeds from 0 on, the same on
every machine. A bug that survives its budget, or whose schedule breaks none of the accepted rules, fails the gate.

<!-- Written by \`npm run gate\`, from its run. -->

${table(HEAD, verdicts.map(row))}
`;

const verdicts = await runGate(({ mutation, found_at, budget, is_killed }) =>
  console.log(`${is_killed ? 'found ' : 'MISSED'}  ${mutation.padEnd(26)} at ${found_at ?? '–'} of ${budget}`),
);
const survivors = verdicts.filter(({ is_killed }) => !is_killed).map(({ mutation }) => mutation);
const text = page(verdicts);
const isCurrent = (await readFile(PAGE, 'utf8').catch(() => '')) === text;
if (!process.argv.includes('--check')) await writeFile(PAGE, text);
else if (!isCurrent) console.error('docs/reference/planted-bugs.md tells of another run. Run `npm run gate`.');
console.log(survivors.length === 0 ? `all ${verdicts.length} found` : `not found: ${survivors.join(', ')}`);
if (survivors.length > 0 || (process.argv.includes('--check') && !isCurrent)) process.exitCode = 1;
