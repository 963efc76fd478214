// The few pieces of Markdown that the reference pages are made of.

/** A page with its title, one sentence about it, and the note that nobody should edit it by hand. */
export function page(title: string, about: string, source: string, body: string): string {
  return `# ${title}\n\n${about}\n\n<!-- Generated from ${source} by \`npm run docs\`; edit that, not this. -->\n\n${body.trim()}\n`;
}

/** A table; pipes inside cells are escaped. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Text as code in a table cell. */
export const code = (text: string): string => `\`${text}\``;
