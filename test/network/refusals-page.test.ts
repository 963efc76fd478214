// docs/reference/refusals.md is the table that the live test sends: at least forty bad inputs, each with a documented code.
import { expect, test } from 'vitest';
import { CODES } from '#schemas/wire/codes.ts';
import type { Row } from '../support/refusal-row.ts';
import { REFUSALS } from '../support/refusal-table.ts';

const COUNTED = {
  ledger: '`sortition_ledger_transactions_total` of the validators, and the outcome at `/api/transactions/<id>`',
  broker: '`broker.log` in the folder of the broker',
} as const;

const countedBy = ({ place }: Row): string =>
  place in COUNTED
    ? COUNTED[place as keyof typeof COUNTED]
    : `\`sortition_host_refusals_total\` of ${place.replace(/-\w+$/, '')} nodes`;

function page(): string {
  const lines = REFUSALS.map(
    (row) => `| ${row.way.replaceAll('|', '\\|')} | ${row.name} | \`${row.code}\` | ${countedBy(row)} |`,
  );
  const head = '| comes in by | what is bad | code | counted in |\n| --- | --- | --- | --- |';
  const about =
    'Sent one after another to one running network by `test/e2e/refusals.test.ts`: each is refused with its code and counted, and afterwards every job still ends, all nodes are at one state and no process was restarted.';
  const note =
    '<!-- Generated from test/support/refusal-*.ts by `npx vitest run test/network/refusals-page.test.ts -u`; edit those, not this. -->';
  return `# What the network refuses\n\n${about}\n\n${note}\n\n${head}\n${lines.join('\n')}\n`;
}

test('the table has at least forty rows, no two alike, each with a documented code', () => {
  expect(REFUSALS.length).toBeGreaterThanOrEqual(40);
  expect(new Set(REFUSALS.map(({ way, name }) => `${way}: ${name}`)).size).toBe(REFUSALS.length);
  expect(REFUSALS.filter(({ code }) => !(code in CODES))).toEqual([]);
});

test('the page is current', async () => {
  await expect(page()).toMatchFileSnapshot('../../docs/reference/refusals.md');
});
