// All results of a worker's turn in one transaction: each stands alone, and the first one names a refusal of all.
import { expect, test } from 'vitest';
import { commitOf, openOf, reportOf, resultsBody, revealOf, worldAt } from './world/nodes.ts';

test('of results of all kinds what applies is applied, and what does not is named by its place among all', () => {
  const { world, unit, row } = worldAt('unit.assigned');
  const nobodys = `${'0'.repeat(32)}/0`;
  const { worker } = row;
  world.send(
    worker,
    resultsBody({
      commits: [commitOf(worker, nobodys, 1), commitOf(worker, unit, 1)],
      reveals: [revealOf(unit, 1)],
      opens: [openOf(unit, 1, [0])],
      reports: [reportOf(worker, nobodys, 1, [0])],
    }),
  );
  const { events, outcomes } = world.block();
  expect(outcomes).toEqual([null]);
  expect(events.filter(({ type }) => type === 'item.refused')).toEqual(
    [
      { item: 0, code: 'UNIT_UNKNOWN' },
      { item: 2, code: 'REVEAL_EARLY' },
      { item: 3, code: 'AUDIT_NOT_OPEN' },
      { item: 4, code: 'UNIT_UNKNOWN' },
    ].map((refused) => ({ type: 'item.refused', account: worker, nonce: 0, ...refused })),
  );
  expect(world.ledger.unit(unit)?.phase).toBe('committed');
});

test('results of which nothing applies are refused with the code of the first, in the order of commits, reveals, opens, reports', () => {
  const { world, unit, row } = worldAt('unit.assigned');
  const reports = [reportOf(row.worker, unit, 1, [0])];
  expect(world.outcome(row.worker, resultsBody({ reports, opens: [openOf(unit, 1, [0])] }))).toBe('AUDIT_NOT_OPEN');
  expect(world.outcome(row.worker, resultsBody({ reports }))).toBe('NOT_DRAWN');
});
