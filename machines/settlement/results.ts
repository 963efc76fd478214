// What workers and auditors say of their units: commits, reveals, openings and reports, all that one has to say in one transaction.
import type { Tx } from '#schemas/settlement/transaction.ts';
import type { Code } from '#schemas/wire/codes.ts';
import { applyOpen, applyReport } from './audits.ts';
import { applyEach } from './batch.ts';
import type { Books } from './books.ts';
import { applyCommit, applyReveal } from './units.ts';

/** Transaction `results`: its items in this order, which is also the one that they are counted in. */
export function applyResults(books: Books, tx: Tx, body: Extract<Tx['body'], { type: 'results' }>): Code | null {
  const { account } = tx;
  const items = [
    ...body.commits.map((commit) => () => applyCommit(books, account, commit)),
    ...body.reveals.map((reveal) => () => applyReveal(books, account, reveal)),
    ...body.opens.map((open) => () => applyOpen(books, account, open)),
    ...body.reports.map((report) => () => applyReport(books, account, report)),
  ];
  return applyEach(books, tx, items, (apply) => apply());
}
