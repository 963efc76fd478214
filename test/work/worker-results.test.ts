// A worker's results on their way into transactions: what is ready together shares one.
import { expect, test } from 'vitest';
import { joined, noResults, resultsBodies } from '#machines/work/worker-results.ts';
import type { TxBody } from '#schemas/settlement/transaction.ts';
import { MAX_BATCH_ITEMS } from '#schemas/wire/limits.ts';

const hash = new Uint8Array(32);
const unit = (index: number): string => `${'01'.repeat(16)}/${index}`;
const commits = (count: number) =>
  Array.from({ length: count }, (_, i): [string, number, Uint8Array] => [unit(i), 1, hash]);
const reports = (count: number) =>
  Array.from({ length: count }, (_, i): [string, number, Uint8Array] => [unit(i), 2, hash]);
const transfer: TxBody = { type: 'transfer', to: 'aa'.repeat(32), asset: 'credit', amount_units: 1n };

test('results that were said apart in a turn share a transaction', () => {
  const apart = [
    ...resultsBodies({ ...noResults(), commits: commits(3) }),
    ...resultsBodies({ ...noResults(), reports: reports(2) }),
  ];
  expect(joined(apart)).toEqual([{ type: 'results', ...noResults(), commits: commits(3), reports: reports(2) }]);
});

test('no more share one than it may hold, and none is lost', () => {
  const apart = [
    ...resultsBodies({ ...noResults(), commits: commits(MAX_BATCH_ITEMS - 1) }),
    ...resultsBodies({ ...noResults(), reports: reports(2) }),
  ];
  const together = resultsBodies({ ...noResults(), commits: commits(MAX_BATCH_ITEMS - 1), reports: reports(2) });
  expect(joined(apart)).toEqual(together);
  expect(together).toHaveLength(2);
});

test('what is not results goes out as it was said', () => {
  const results = resultsBodies({ ...noResults(), commits: commits(1) });
  expect(joined([transfer])).toEqual([transfer]);
  expect(joined([transfer, transfer])).toEqual([transfer, transfer]);
  expect(joined([...results, transfer])).toEqual([...results, transfer]);
});
