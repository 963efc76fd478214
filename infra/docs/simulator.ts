// docs/reference/simulator.md: what the simulator must get to, damages and checks, from its own tables.
import { DAMAGES } from '../../runtime/sim/disk-damage.ts';
import { RULES } from '../../runtime/sim/oracles/violation.ts';
import { HABITS } from '../../runtime/sim/plan.ts';
import { SOMETIMES } from '../../runtime/sim/sometimes.ts';
import { code, page, table } from './markdown.ts';

/** The page. */
export function simulator(): string {
  const places = Object.entries(SOMETIMES).map(([name, { about, kinds, within }]) => [
    code(name),
    about,
    kinds.join(', '),
    thousands(within),
  ]);
  const damages = Object.entries(DAMAGES).map(([name, { about, starts }]) => [code(name), about, starts.join(', or ')]);
  const rules = Object.entries(RULES).map(([name, about]) => [code(name), about]);
  const body = [
    `## Places to get to\n\nA campaign with as many schedules of these kinds that never got there fails.\n\n${table(['place', 'a correct validator', 'schedules', 'within'], places)}`,
    `## Damaged stores\n\nWhere there was something to damage.\n\n${table(['damage', 'what happens to the store', 'the validator'], damages)}`,
    `## Rules\n\n${table(['rule', 'broken when'], rules)}`,
    `## Habits of forgers\n\n${HABITS.map(code).join(', ')}: what each means stands in \`runtime/sim/plan.ts\`.`,
  ].join('\n\n');
  return page(
    'Simulator tables',
    'What [the simulator](../simulator.md) must get to, damages and checks; what it plants stands [on a page of its own](planted-bugs.md).',
    '`runtime/sim/`',
    body,
  );
}

const thousands = (n: number): string => n.toLocaleString('en-US');
