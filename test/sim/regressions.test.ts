// Schedules that showed a bug once, and what a file of one holds.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { planOf, runPlan } from '#runtime/sim/batch.ts';
import { ReplayFile, replayOf, writeReplay } from '#runtime/sim/replay-file.ts';
import { foundIn, hasFailed } from '#runtime/sim/report.ts';

const FOLDER = new URL('regressions/', import.meta.url);
const names = (await readdir(FOLDER)).filter((name) => name.endsWith('.json'));

test.each(names)('%s: shows nothing any more', { timeout: 60_000 }, async (name) => {
  const { plan, mutation } = ReplayFile.parse(JSON.parse(await readFile(new URL(name, FOLDER), 'utf8')));
  const { violations, stall } = await runPlan(plan, mutation ?? undefined);
  expect({ violations, stall }).toEqual({ violations: [], stall: null });
});

test('a failed schedule comes back from its file as it was', { timeout: 60_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sortition-replay-'));
  try {
    const report = await runPlan(planOf(0, 'quorum_one_short'), 'quorum_one_short');
    expect(hasFailed(report)).toBe(true);
    const path = await writeReplay(folder, replayOf({ plan: report.plan, found: foundIn(report) }, 'quorum_one_short'));
    const file = ReplayFile.parse(JSON.parse(await readFile(path, 'utf8')));
    expect(await runPlan(file.plan, file.mutation ?? undefined)).toEqual(report);
    expect(file.found).toEqual(foundIn(report));
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a file with a field too many is none', () => {
  const file = replayOf({ plan: planOf(1), found: [] });
  expect(ReplayFile.safeParse(file).success).toBe(true);
  expect(ReplayFile.safeParse({ ...file, more: 1 }).success).toBe(false);
  expect(ReplayFile.safeParse({ ...file, plan: { ...file.plan, more: 1 } }).success).toBe(false);
});
