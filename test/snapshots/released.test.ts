// Snapshots of released versions, one of each reachable state: they stay readable for ever, byte for byte, and the machine goes on.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { ActorDefinition } from '#actors/host.ts';
import { gateway } from '#actors/node/gateway.actor.ts';
import { validator } from '#actors/node/validator.actor.ts';
import { shuffler } from '#actors/work/shuffler.actor.ts';
import { worker } from '#actors/work/worker.actor.ts';
import { asked, block, done, failed, fired, Stepping, started, submitted, type Told } from '../work/stepping.ts';

const ME = 'aa'.repeat(32);
const OTHER = 'bb'.repeat(32);
const UNIT = `${'01'.repeat(16)}/0`;
const bytes = (length: number, value: number) => new Uint8Array(length).fill(value);
const OUTCOME = {
  commitment: bytes(32, 1),
  root: bytes(32, 2),
  output_hash: bytes(32, 3),
  fuel: 7,
  salt: bytes(16, 4),
  suspects: [bytes(16, 5)],
};
const work = { kernel: 'noop/v1', start: bytes(16, 0), unit_log2: 8 };
const drawn = block({ type: 'unit.assigned', unit: UNIT, attempt: 1, worker: ME, ...work, deadline_ms: 9 });
const ran = done('sandbox', 'block:7:0', { answers: [{ action: 'run', unit: UNIT, attempt: 1, ...OUTCOME }] });
const committed = block({ type: 'unit.committed', unit: UNIT, attempt: 1, worker: ME, deadline_ms: 9 });
const lottery = done('lottery', 'draws:0', {
  height: 9,
  draws: [{ unit: UNIT, attempt: 1, worker: ME }],
});
const ask = { size: 3, root: bytes(32, 9), checkpoint: 'note', old_size: 0, proof: [] };
const mail: Told = { type: 'message', kind: 'cosign.request.v1', from: OTHER, body: ask };

type Case = readonly [
  definition: ActorDefinition,
  states: Readonly<Record<string, readonly Told[]>>,
  next: Told,
  says: readonly string[],
];
const DRAWN_NEXT = block({
  type: 'unit.assigned',
  unit: `${'02'.repeat(16)}/1`,
  attempt: 3,
  worker: ME,
  ...work,
  deadline_ms: 9,
});
/** How each state is reached; then one event more, and what the thawed actor orders on it. */
const RELEASED: Readonly<Record<string, Case>> = {
  'worker-v1': [
    worker,
    {
      new: [],
      computing: [started, drawn],
      committing: [started, drawn, ran],
      revealed: [started, drawn, ran, committed],
    },
    DRAWN_NEXT,
    ['sandbox block:7:0'],
  ],
  'shuffler-v1': [
    shuffler,
    { new: [], drawing: [started], drawn: [started, lottery], waiting: [started, failed('lottery', 'draws:0')] },
    done('lottery', 'draws:9', { height: 40, draws: [{ unit: UNIT, attempt: 2, worker: ME }] }),
    ['draw', 'lottery draws:40'],
  ],
  'validator-v1': [
    validator,
    {
      new: [],
      serving: [started],
      cosigning: [started, mail],
      drawn: [started, lottery],
      waiting: [started, failed('lottery', 'draws:0')],
    },
    block({ type: 'audit.disputed', unit: UNIT, attempt: 1, index: 4, ...work }),
    [`sandbox judge:${UNIT}#1#4`],
  ],
  'gateway-v1': [
    gateway,
    { resting: [], feeding: [started], again: [started, failed('feed', 'feed:1')] },
    fired('retry'),
    [],
  ],
};

const goldenOf = (name: string) =>
  JSON.parse(readFileSync(new URL(`../golden/snapshots/${name}.json`, import.meta.url), 'utf8')) as Readonly<
    Record<string, string>
  >;

describe.each(Object.entries(RELEASED))('%s', (name, [definition, states, next, says]) => {
  const golden = goldenOf(name);

  test.each(Object.keys(states))('%s is written as it was', (state) => {
    const actor = new Stepping(definition, ME);
    for (const event of states[state] ?? []) actor.hear(event);
    expect(actor.frozen()).toBe(golden[state]);
  });

  test.each(Object.keys(golden))('%s is read, and goes on', (state) => {
    expect(goesOn(definition, golden[state], next)).toEqual(expect.arrayContaining([...says]));
  });

  test('every state has its golden row', () => {
    expect(Object.keys(golden)).toEqual(Object.keys(states));
  });
});

/** What the actor of this row orders on the next event. */
function goesOn(definition: ActorDefinition, row: string | undefined, next: Told): readonly string[] {
  const actor = new Stepping(definition, OTHER);
  actor.thaw(row ?? '');
  expect(actor.data).toMatchObject({ id: ME });
  const effects = actor.hear(next);
  return [...submitted(effects).map(({ type }) => type), ...asked(effects)];
}
