// Every actor of the table starts inside its schema and comes back from disk as it was.
import { expect, test } from 'vitest';
import type { ActorDefinition } from '#actors/host.ts';
import { ACTORS } from '#actors/index.ts';
import { createStepper } from '#runtime/host/stepper.ts';
import { freeze, thaw } from '#schemas/snapshots/shape.ts';

test.each(Object.entries<ActorDefinition>(ACTORS))(
  'the %s survives the disk from its first event on',
  (kind, definition) => {
    const stepper = createStepper(definition.machine);
    const first = stepper.start('a'.repeat(64));
    const started = stepper.step(first.snapshot, { type: 'actor.started', now_ms: 1_800_000_000_000 });
    for (const { snapshot } of [first, started]) {
      const stored = { kind, seq: 1, ...stepper.persist(snapshot) };
      const bytes = freeze(definition.snapshot, stored);
      expect(bytes.ok && thaw(definition.snapshot, kind, bytes.value)).toEqual({ ok: true, value: stored });
      expect(stepper.persist(stepper.restore(stored))).toEqual(stepper.persist(snapshot));
    }
  },
);

test.each(Object.entries<ActorDefinition>(ACTORS))(
  'the %s gives no order before it is started',
  (_kind, definition) => {
    expect(createStepper(definition.machine).start('a'.repeat(64)).effects).toEqual([]);
  },
);
