// Hosts under schedules of faults that are drawn from seeds; and that these schedules would find what is wrong with a host.
// SORTITION_HOST_SEED=17 runs one seed of both kinds, SORTITION_HOST_SEEDS=5000 runs more of them.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { type Outcome, runSchedule, type ScheduleKind } from './adversary.ts';
import type { MutantReport } from './mutant-process.ts';
import { MUTANTS, type MutantName } from './mutants.ts';

/** The machine may be busy with other tests: these are long, not slow. */
const TIMEOUT_MS = 300_000;
const ONLY = Number(process.env['SORTITION_HOST_SEED'] ?? 0);
const SEEDS = Number(process.env['SORTITION_HOST_SEEDS'] ?? 150);

/** What must have happened in so many schedules, or they hurt nobody. */
const SOMETIMES = [
  ['kill', 'restart', 'lost', 'unacknowledged', 'blackout', 'worn'],
  ['broker_away', 'stream_lost', 'broker_rolled_back', 'full_stream', 'flood', 'HOST_BUSY', 'clock', 'skew'],
  ['COUNTER_REPLAYED', 'COUNTER_GAP', 'MESSAGE_EXPIRED', 'ACTOR_STOPPED', 'resume', 'old_mail', 'leap'],
].flat();

/** Runs seeds one after the other; what each broke, with the command that shows it again. */
async function run(kind: ScheduleKind, count: number): Promise<{ wrong: string[]; seen: Record<string, number> }> {
  const seeds = ONLY > 0 ? [ONLY] : Array.from({ length: count }, (_, index) => index + 1);
  const wrong: string[] = [];
  const seen: Record<string, number> = {};
  for (const seed of seeds) {
    const outcome: Outcome = await runSchedule(seed, kind);
    for (const [what, times] of Object.entries(outcome.seen)) seen[what] = (seen[what] ?? 0) + times;
    if (outcome.wrong.length > 0) wrong.push(`SORTITION_HOST_SEED=${seed} npx vitest run test/host/adversary.test.ts`);
    wrong.push(...outcome.wrong.map((what) => `${kind}, seed ${seed}: ${what}`));
  }
  return { wrong, seen };
}

test('whatever nodes, disks, clocks and the broker do, each message is applied once and in order', {
  timeout: TIMEOUT_MS,
}, async () => {
  const { wrong, seen } = await run('kept', SEEDS);
  expect(wrong).toEqual([]);
  expect(ONLY > 0 ? [] : SOMETIMES.filter((what) => (seen[what] ?? 0) === 0)).toEqual([]);
});

test('where nodes lose what they knew, who lost nothing hears nothing twice, and all go on', {
  timeout: TIMEOUT_MS,
}, async () => {
  const { wrong } = await run('forgetful', Math.ceil(SEEDS / 3));
  expect(wrong).toEqual([]);
});

test('a seed is one story: the same whenever it is told', async () => {
  expect(await runSchedule(3, 'kept')).toEqual(await runSchedule(3, 'kept'));
  expect(await runSchedule(3, 'forgetful')).toEqual(await runSchedule(3, 'forgetful'));
});

test('planted bugs are found within their budgets', { timeout: TIMEOUT_MS }, async () => {
  const quick = (Object.keys(MUTANTS) as MutantName[]).filter((name) => MUTANTS[name].budget <= 10);
  const program = new URL('./mutant-process.ts', import.meta.url).pathname;
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...quick]);
  const reports = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as MutantReport);
  expect(reports.map(({ name }) => name)).toEqual(quick);
  expect(reports.filter(({ found_at }) => found_at === null)).toEqual([]);
});
