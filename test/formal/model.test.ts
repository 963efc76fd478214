// The protocol as a model (spec/consensus.qnt): its invariants under random simulation, and the production core beside it in every step.
import { describe, expect, test } from 'vitest';
import { replay } from '../model/replay.ts';
import type { Step, Trace } from '../model/trace.ts';
import { MODELS, simulate } from './quint.ts';

/** A model of a trace takes about a tenth of a second of a quiet machine. */
const RUNS = 75;
const SEED = 20_261_123;
const LIMIT_MS = 600_000;

const hasStep = (traces: readonly Trace[], is: (step: Step) => boolean): boolean =>
  traces.some(({ steps }) => steps.some(is));

describe.each(MODELS)('$name', (model) => {
  test(`keeps ${model.invariant}, and the core does in every step what the model does`, {
    timeout: LIMIT_MS,
  }, async () => {
    const traces = await simulate(model, model.invariant, RUNS, SEED);
    expect(traces).toHaveLength(RUNS);
    expect(traces.flatMap((trace) => replay(trace) ?? [])).toEqual([]);
    // A model in which nothing happens keeps every invariant.
    const happens = {
      decides: hasStep(traces, ({ after }) => after.decided !== -1),
      decidesLate: hasStep(traces, ({ after }) => after.decided !== -1 && after.round > 0),
      repeats: hasStep(traces, ({ word }) => word.kind === 'proposal' && word.vr >= 0),
      keepsItsLock: hasStep(traces, ({ after }) => after.locked_round >= 0 && after.round > after.locked_round),
    };
    expect(happens).toEqual({ decides: true, decidesLate: true, repeats: true, keepsItsLock: true });
  });
});

test('with half of them faulty the model forks: its blame is not empty', { timeout: LIMIT_MS }, async () => {
  const twoFaulty = MODELS[2];
  await expect(simulate(twoFaulty, 'agreement', RUNS, SEED)).rejects.toThrow('Invariant violated');
});
