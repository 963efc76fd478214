// The exhaustive campaign: its plans are all different, and skipping leaves out none that could go another way.
import { expect, test } from 'vitest';
import { runBatch } from '#runtime/sim/batch.ts';
import { afterPlan, EXHAUSTIVE_PLANS, exhaustivePlan } from '#runtime/sim/exhaustive.ts';
import { hasFailed } from '#runtime/sim/report.ts';

const WAYS = (EXHAUSTIVE_PLANS / 4) ** 0.25;

test('each validator is the Byzantine one in a quarter of the plans, and each round goes each way', () => {
  const scripts = Array.from({ length: WAYS }, (_, i) => JSON.stringify(exhaustivePlan(i).script.at(-1)));
  expect(new Set(scripts).size).toBe(WAYS);
  const guilty = [0, 1, 2, 3].map((i) => Object.keys(exhaustivePlan((i * EXHAUSTIVE_PLANS) / 4).byzantine)[0]);
  expect(guilty).toEqual(['0', '1', '2', '3']);
});

test('a height that ended in its round r tells for all plans that differ in later rounds alone', () => {
  expect(afterPlan(0, 4)).toBe(1);
  expect(afterPlan(5, 9)).toBe(6);
  expect(afterPlan(5, 3)).toBe(WAYS);
  expect(afterPlan(5, 1)).toBe(WAYS ** 3);
  const next = afterPlan(WAYS ** 2 + 7, 2);
  expect(exhaustivePlan(next).script.slice(0, 2)).not.toEqual(exhaustivePlan(next - 1).script.slice(0, 2));
});

test('plans that need four rounds break no rule and go on', { timeout: 120_000 }, async () => {
  const reports = await runBatch({ first: 82_000, count: 200, kind: 'exhaustive' });
  expect(reports.filter(hasFailed)).toEqual([]);
  expect(Math.max(...reports.map(({ rounds }) => rounds))).toBeGreaterThanOrEqual(4);
});
