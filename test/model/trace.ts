// Traces of spec/consensus.qnt, as Quint writes them (ITF) and as they are kept: what happened, and the state of whom it happened to.
import { z } from 'zod';

const Word = z.strictObject({
  kind: z.enum(['none', 'prevote', 'precommit', 'proposal']),
  round: z.int(),
  value: z.int(),
  vr: z.int(),
  from: z.int(),
  polka: z.array(z.int()),
  polka_vr: z.int(),
});
export type Word = z.infer<typeof Word>;
const Timer = z.strictObject({ kind: z.enum(['none', 'propose', 'prevote', 'precommit']), round: z.int() });

/** What a validator must be like after a step. */
const State = z.strictObject({
  step: z.string(),
  round: z.int(),
  locked_value: z.int(),
  locked_round: z.int(),
  valid_value: z.int(),
  valid_round: z.int(),
  decided: z.int(),
  halted: z.boolean(),
  timers: z.array(Timer),
  said: z.array(Word),
});
export type State = z.infer<typeof State>;

const Step = z.strictObject({
  /** To which correct validator. */
  at: z.int(),
  what: z.enum(['word', 'lie', 'lead', 'certificate', 'timeout']),
  word: Word,
  timer: Timer,
  after: State,
});
export type Step = z.infer<typeof Step>;

export const Trace = z.strictObject({
  /** Module of the model. */
  model: z.string(),
  faulty: z.array(z.int()),
  steps: z.array(Step),
});
export type Trace = z.infer<typeof Trace>;

/** @param itf a trace in the Informal Trace Format, parsed from JSON */
export function traceOf(model: string, faulty: readonly number[], itf: unknown): Trace {
  const { states } = z.object({ states: z.array(z.looseObject({})) }).parse(plain(itf));
  const steps = states.flatMap((state) => {
    const { nodes, happened } = unqualified(state);
    const { at, what, word, timer } = z.looseObject({ at: z.int(), what: z.string() }).parse(happened);
    if (at < 0) return [];
    const node = z.map(z.int(), z.looseObject({})).parse(nodes).get(at);
    const after = Object.fromEntries(Object.keys(State.shape).map((key) => [key, node?.[key]]));
    return [{ at, what, word, timer, after }];
  });
  return Trace.parse({ model, faulty, steps });
}

/** Quint names variables with the modules around them: `module::variable`. */
const unqualified = (state: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(state).map(([name, value]) => [name.split('::').at(-1), value]));

/** ITF wraps what JSON has not: whole numbers, sets, maps. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  if ('#bigint' in value) return Number(value['#bigint']);
  if ('#set' in value) return plain(value['#set']);
  if ('#map' in value) return new Map(plain(value['#map']) as [unknown, unknown][]);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
}
