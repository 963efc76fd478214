// What the formal model of the protocol did (spec/consensus.qnt) is what the production core does, step by step.
import { expect, test } from 'vitest';
import { BUGS, goldenTraces } from './golden.ts';
import { replay } from './replay.ts';

const traces = goldenTraces();

test.each(traces)('the core does what the model did: $name', ({ trace }) => {
  expect(trace.steps.length).toBeGreaterThan(5);
  expect(replay(trace)).toBeUndefined();
});

test.each(Object.entries(BUGS))('a core with a planted bug does something else: %s', (_, parts) => {
  expect(traces.some(({ trace }) => replay(trace, parts) !== undefined)).toBe(true);
});
