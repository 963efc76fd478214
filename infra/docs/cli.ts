// docs/reference/cli.md: the help of every command, as the program itself prints it.
import type { Command } from 'commander';
import { buildProgram } from '#runtime/cli/program.ts';
import { page } from './markdown.ts';

/** Fixed, so that the page does not depend on the terminal that makes it. */
const WIDTH_CHARS = 110;

/** One section a command, subcommands after their parent. */
export function cli(): string {
  const sections = everyCommand(buildProgram(), '').map(
    ([name, command]) => `## ${name}\n\n\`\`\`text\n${helpOf(command).trim()}\n\`\`\``,
  );
  return page(
    'The command sortition',
    'In a clone, `npm run sortition -- <command>` runs it.',
    '`runtime/cli/program.ts`',
    sections.join('\n\n'),
  );
}

function everyCommand(command: Command, parent: string): readonly (readonly [name: string, command: Command])[] {
  const name = `${parent} ${command.name()}`.trim();
  return [[name, command], ...command.commands.flatMap((child) => everyCommand(child, name))];
}

/** With the examples that follow it, which only the printed help has. */
function helpOf(command: Command): string {
  let text = '';
  command.configureHelp({ helpWidth: WIDTH_CHARS });
  command.configureOutput({ writeOut: (part) => (text += part), getOutHasColors: () => false });
  command.outputHelp();
  return text;
}
