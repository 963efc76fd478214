// Tables of the commands: aligned columns, no frames, so that they copy and pipe well.
import Table from 'cli-table3';
import { bold } from './print.ts';

const NO_FRAME = Object.fromEntries(
  [
    'top',
    'top-mid',
    'top-left',
    'top-right',
    'bottom',
    'bottom-mid',
    'bottom-left',
    'bottom-right',
    'left',
    'left-mid',
    'mid',
    'mid-mid',
    'right',
    'right-mid',
  ].map((name) => [name, '']),
);

export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const made = new Table({
    head: head.map(bold),
    chars: { ...NO_FRAME, middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  made.push(...rows.map((row) => [...row]));
  return made.toString();
}

/** The first 12 characters of an id: enough to tell nodes apart by eye. */
export const brief = (id: string): string => (id.length > 16 ? `${id.slice(0, 12)}…` : id);
