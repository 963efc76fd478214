// Campaigns: production survives them, planted bugs do not, and each failure comes with its repeat.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { type Campaign, repeatCommand, runCampaign, tellSchedule } from '#runtime/sim/campaign.ts';
import { describeRun } from '#runtime/sim/describe.ts';
import { MUTATIONS, type Mutation, type MutationName } from '#runtime/sim/mutations.ts';
import type { Rule } from '#runtime/sim/oracles/violation.ts';

const run = promisify(execFile);
const CAMPAIGN = new URL('../../runtime/sim/campaign.ts', import.meta.url).href;
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** The machine may be busy with other tests: campaigns are long, not slow. */
const TIMEOUT_MS = 120_000;

/** The rule that each planted bug breaks. */
const SHOWS: Record<MutationName, Rule> = {
  no_lock: 'prevote_against_lock',
  quorum_one_short: 'certificate',
  vote_before_sync: 'equivocation',
  append_own_vote: 'equivocation',
  forgets_log: 'halted',
  unlock_on_nil: 'prevote_against_lock',
  pay_before_check: 'paid_unchecked',
  replay_accepted: 'exactly_once',
};

/** The same campaign in a process of its own: an edited program can only be loaded by Node itself. */
async function inChild(options: object): Promise<Campaign> {
  const script = `import { runCampaign } from ${JSON.stringify(CAMPAIGN)}; console.log(JSON.stringify(await runCampaign(${JSON.stringify(options)})))`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { cwd: ROOT });
  return JSON.parse(stdout) as Campaign;
}

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

test('jobs in ten schedules of the ledger are checked, paid once and balanced', { timeout: TIMEOUT_MS }, async () => {
  const { violations, stalls, failures } = await runCampaign({ schedules: 10, seed: 20_000, kind: 'ledger' });
  expect({ violations, stalls, failures }).toEqual({ violations: 0, stalls: 0, failures: [] });
});

test.each(Object.keys(MUTATIONS) as MutationName[])(
  'the planted bug %s is found within its budget',
  { timeout: TIMEOUT_MS },
  async (mutation) => {
    const { budget, edit }: Mutation = MUTATIONS[mutation];
    const options = { schedules: budget, seed: 0, mutation, stops_at_failure: true };
    const { failures } = await (edit === undefined ? runCampaign(options) : inChild(options));
    expect(failures).toHaveLength(1);
    expect(failures[0]?.rules).toContain(SHOWS[mutation]);
    expect(failures[0]?.repeat).toBe(`sortition sim --seed ${failures[0]?.seed} --schedules 1 --mutation ${mutation}`);
  },
);

test('a campaign without a bug goes through all its schedules, and counts each', async () => {
  const done: number[] = [];
  await runCampaign({ schedules: 3, seed: 1, onProgress: (count) => done.push(count) });
  expect(done).toEqual([1, 2, 3]);
});

test('the story of a failing seed names the rule, the plan and the command', async () => {
  const { failures } = await runCampaign({
    schedules: 20,
    seed: 0,
    mutation: 'quorum_one_short',
    stops_at_failure: true,
  });
  const seed = failures[0]?.seed ?? -1;
  const story = describeRun(await tellSchedule({ seed, mutation: 'quorum_one_short' }), 'quorum_one_short');
  expect(story).toContain('BREAKS');
  expect(story).toMatch(/decides [0-9a-f]{8} at height 1/);
  expect(story).toContain(`again: ${repeatCommand(seed, 'quorum_one_short')}`);
});
