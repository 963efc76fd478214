// Campaigns: production survives them, planted bugs do not, and each failure comes with its repeat.
import { expect, test } from 'vitest';
import { planOf, runPlan } from '#runtime/sim/batch.ts';
import { repeatCommand, runCampaign } from '#runtime/sim/campaign.ts';
import { describeRun } from '#runtime/sim/describe.ts';
import { judge } from '#runtime/sim/gate.ts';
import { MUTATIONS, type MutationName } from '#runtime/sim/mutations.ts';
import { countSeen, missedIn, SOMETIMES } from '#runtime/sim/sometimes.ts';

/** The machine may be busy with other tests: campaigns are long, not slow. */
const TIMEOUT_MS = 120_000;

test('300 schedules of validators break no rule and all go on after the heal', { timeout: TIMEOUT_MS }, async () => {
  const { schedules, violations, stalls, failures } = await runCampaign({
    schedules: 300,
    seed: 20_000,
    kind: 'consensus',
  });
  expect({ schedules, violations, stalls, failures }).toEqual({
    schedules: 300,
    violations: 0,
    stalls: 0,
    failures: [],
  });
});

test('where forks are made, all who are correct stop and leave who made them', { timeout: TIMEOUT_MS }, async () => {
  const { violations, seen, failures } = await runCampaign({ schedules: 600, seed: 11_000, kind: 'beyond' });
  expect({ violations, failures }).toEqual({ violations: 0, failures: [] });
  expect(seen.fork_made).toBeGreaterThan(200);
  expect(seen.fork_by_amnesia).toBeGreaterThan(0);
});

test('jobs in ten schedules of the ledger are checked, paid once and balanced', { timeout: TIMEOUT_MS }, async () => {
  const { violations, stalls, failures } = await runCampaign({ schedules: 10, seed: 20_000, kind: 'ledger' });
  expect({ violations, stalls, failures }).toEqual({ violations: 0, stalls: 0, failures: [] });
});

test('where sets change, no rule breaks and all who stay go on', { timeout: TIMEOUT_MS }, async () => {
  const { violations, stalls, failures, seen } = await runCampaign({ schedules: 40, seed: 20_000, kind: 'epochs' });
  expect({ violations, stalls, failures }).toEqual({ violations: 0, stalls: 0, failures: [] });
  expect(Math.min(seen.set_changed, seen.leaver_left, seen.joiner_signed)).toBeGreaterThan(0);
});

/** The others are looked for in continuous integration: `sortition sim --gate`. */
const QUICK = (Object.keys(MUTATIONS) as MutationName[]).filter((name) => MUTATIONS[name].budget <= 50);

test.each(QUICK)('the planted bug %s is found within its budget', { timeout: TIMEOUT_MS }, async (mutation) => {
  const { is_killed, found_at, budget } = await judge(mutation);
  expect(is_killed).toBe(true);
  expect(found_at).toBeLessThanOrEqual(budget);
});

test('a campaign without a bug goes through all its schedules, and counts each', { timeout: TIMEOUT_MS }, async () => {
  const done: number[] = [];
  const { schedules } = await runCampaign({ schedules: 60, seed: 1, onProgress: (count) => done.push(count) });
  expect(schedules).toBe(60);
  expect(done).toEqual([25, 50, 60]);
});

test('a campaign comes to the same whatever the number of threads', { timeout: TIMEOUT_MS }, async () => {
  const alone = await runCampaign({ schedules: 110, seed: 300, workers: 1 });
  expect(await runCampaign({ schedules: 110, seed: 300, workers: 3 })).toEqual(alone);
});

test('the first failure ends a campaign at the same schedule whatever the number of threads', async () => {
  const options = { schedules: 200, seed: 0, mutation: 'no_lock', stops_at_failure: true } as const;
  const alone = await runCampaign({ ...options, workers: 1 });
  expect(alone.failures).toHaveLength(1);
  expect(await runCampaign({ ...options, workers: 3 })).toEqual(alone);
});

test('a campaign with schedules enough that never got to a place says so', () => {
  const seen = countSeen([['round_above_3'], ['round_above_3', 'lock_changed']]);
  expect(seen).toMatchObject({ round_above_3: 2, lock_changed: 1, log_replayed: 0 });
  const { within } = SOMETIMES.log_replayed;
  expect(missedIn(seen, new Map([['consensus', within - 1]]))).not.toContain('log_replayed');
  const missed = missedIn(seen, new Map([['consensus', within]] as const));
  expect(missed).toContain('log_replayed');
  expect(missed).not.toContain('lock_changed');
  // Only schedules that can get there count.
  expect(missed).not.toContain('liar_caught');
});

test('the story of a failing seed names the rule, the plan and the command', async () => {
  const { failures } = await runCampaign({
    schedules: 20,
    seed: 0,
    mutation: 'quorum_one_short',
    stops_at_failure: true,
  });
  const seed = failures[0]?.seed ?? -1;
  const story = describeRun(
    await runPlan(planOf(seed, 'quorum_one_short'), 'quorum_one_short', true),
    'quorum_one_short',
  );
  expect(story).toContain('BREAKS');
  expect(story).toMatch(/decides [0-9a-f]{8} at height 1/);
  expect(story).toContain(`again: ${repeatCommand(seed, 'quorum_one_short')}`);
});
