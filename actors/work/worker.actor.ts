// The worker: hears what is drawn for it, uses the sandbox, answers with transactions.

import { workerMachine } from '#machines/work/worker.machine.ts';
import { WorkerContextV1 } from '#schemas/snapshots/worker-v1.ts';
import type { ActorDefinition } from '../host.ts';

export const worker: ActorDefinition = {
  kind: 'worker',
  machine: workerMachine,
  snapshot: { version: 1, context: WorkerContextV1 },
  hears: {},
  concerns: (e, id) => 'worker' in e && (e.worker === id || ('auditors' in e && e.auditors.includes(id))),
  ports: ['sandbox'],
};
