// The shuffler: asks the lottery and the heartbeats, answers with transactions.

import { shufflerMachine } from '#machines/work/shuffler.machine.ts';
import { ShufflerContextV1 } from '#schemas/snapshots/shuffler-v1.ts';
import type { ActorDefinition } from '../host.ts';

export const shuffler: ActorDefinition = {
  kind: 'shuffler',
  machine: shufflerMachine,
  snapshot: { version: 1, context: ShufflerContextV1 },
  hears: {},
  concerns: () => [],
  ports: ['lottery', 'heartbeats'],
};
