// The exhaustive check finds what is there: each planted bug of the core that breaks safety shows within three rounds.
import { expect, test } from 'vitest';
import { exploreInThread } from '../model/explore.ts';

const LIMIT_MS = 600_000;

test.each([
  'no_lock',
  'unlock_on_nil',
  'valid_round_unproven',
  'lock_ignores_valid_round',
  'quorum_one_short',
  'mixed_polka',
  'voter_counted_twice',
  'accuses_the_honest',
] as const)('a core with the bug %s is caught', { timeout: LIMIT_MS }, async (mutation) => {
  const { violations } = await exploreInThread({
    byzantine_leads: 2,
    rounds: 3,
    names: ['x'],
    max_histories: 1,
    mutation,
  });
  expect(violations).not.toEqual([]);
});
