// Snapshots are checked on the way out and in, and an older version is read by way of its neighbours.
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { enqueueActions, setup } from 'xstate';
import { z } from 'zod';
import { createStepper } from '#runtime/host/stepper.ts';
import { freeze, type SnapshotShape, thaw } from '#schemas/snapshots/shape.ts';
import { encode } from '#schemas/wire/msgpack.ts';

/** A lamp in three releases: it counted presses, then also knew its colour, then was renamed from on/off to lit/dark. */
const V1 = { version: 1, context: z.strictObject({ presses: z.int() }) };
const V2: SnapshotShape = {
  version: 2,
  context: z.strictObject({ presses: z.int(), colour: z.string() }),
  previous: {
    shape: V1,
    migrate: ({ value, context }) => ({ value, context: { ...V1.context.parse(context), colour: 'white' } }),
  },
};
const V3: SnapshotShape = {
  version: 3,
  context: z.strictObject({ presses: z.bigint(), colour: z.string() }),
  previous: {
    shape: V2,
    migrate: ({ value, context }) => {
      const { presses, colour } = context as { presses: number; colour: string };
      return { value: value === 'on' ? 'lit' : 'dark', context: { presses: BigInt(presses), colour } };
    },
  },
};

const lamp = setup({
  types: { context: {} as { presses: bigint; colour: string }, events: {} as { type: 'timer.fired' } },
  actions: { press: enqueueActions(({ context, enqueue }) => enqueue.assign({ presses: context.presses + 1n })) },
}).createMachine({
  id: 'lamp',
  context: { presses: 0n, colour: 'white' },
  initial: 'dark',
  states: {
    dark: { on: { 'timer.fired': { target: 'lit', actions: 'press' } } },
    lit: { on: { 'timer.fired': 'dark' } },
  },
});

const golden = (name: string) => readFile(new URL(`../golden/snapshots/${name}`, import.meta.url));

describe.each([
  ['lamp-v1.bin', { value: 'lit', context: { presses: 41n, colour: 'white' }, seq: 7 }],
  ['lamp-v2.bin', { value: 'dark', context: { presses: 42n, colour: 'red' }, seq: 8 }],
  ['lamp-v3.bin', { value: 'lit', context: { presses: 43n, colour: 'blue' }, seq: 9 }],
])('the golden snapshot %s', (file, expected) => {
  test('is read as the newest version, and the machine goes on from it', async () => {
    const got = thaw(V3, 'lamp', await golden(file));
    expect(got).toEqual({ ok: true, value: { kind: 'lamp', ...expected } });
    if (!got.ok) return;
    const stepper = createStepper(lamp);
    const { snapshot } = stepper.step(stepper.restore(got.value), { type: 'timer.fired', id: 't', now_ms: 0 });
    expect(snapshot.value).toBe(expected.value === 'lit' ? 'dark' : 'lit');
  });
});

test('a snapshot that is written is read back as it was', () => {
  const snapshot = {
    kind: 'lamp',
    seq: 3,
    value: { door: 'open', light: { hall: 'on' } },
    context: { presses: 1n, colour: 'green' },
  };
  const bytes = freeze(V3, snapshot);
  expect(bytes.ok && thaw(V3, 'lamp', bytes.value)).toEqual({ ok: true, value: snapshot });
});

test('a context that is not of its schema is not written', () => {
  expect(freeze(V1, { kind: 'lamp', seq: 0, value: 'on', context: { presses: 0.5 } })).toMatchObject({
    ok: false,
    code: 'SNAPSHOT_MALFORMED',
  });
});

const row = { kind: 'lamp', version: 3, seq: 0, value: 'lit', context: { presses: 1n, colour: 'red' } };
test.each([
  ['of a later release', { ...row, version: 4 }, 'SNAPSHOT_VERSION_UNKNOWN'],
  ['of a release before the oldest known', { ...row, version: 0 }, 'SNAPSHOT_MALFORMED'],
  ['of another machine', { ...row, kind: 'door' }, 'SNAPSHOT_MALFORMED'],
  ['with another context', { ...row, context: { presses: 1n } }, 'SNAPSHOT_MALFORMED'],
  ['with an unknown field', { ...row, extra: 1 }, 'SNAPSHOT_MALFORMED'],
  ['in an older version with another context', { ...row, version: 1, context: {} }, 'SNAPSHOT_MALFORMED'],
])('a snapshot %s is refused', (_name, value, code) => {
  expect(thaw(V3, 'lamp', encode(value))).toMatchObject({ ok: false, code });
});

test('bytes that are no snapshot are refused', () => {
  expect(thaw(V3, 'lamp', Uint8Array.of(0xc1))).toMatchObject({ ok: false, code: 'SNAPSHOT_MALFORMED' });
});
