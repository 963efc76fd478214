// The worker: hears what is drawn for it, uses the sandbox, answers with transactions.

import { workerMachine } from '#machines/work/worker.machine.ts';
import type { LedgerEvent } from '#schemas/settlement/state.ts';
import { WORKER_V1 } from '#schemas/snapshots/worker-v1.ts';
import type { ActorDefinition } from '../host.ts';

export const worker: ActorDefinition = {
  kind: 'worker',
  machine: workerMachine,
  snapshot: WORKER_V1,
  hears: {},
  concerns,
  ports: ['sandbox'],
};

/** Who has something to do: whoever is drawn, may show a result, audits, or may forget an attempt. */
function concerns(e: LedgerEvent): readonly string[] {
  switch (e.type) {
    case 'unit.assigned':
    case 'unit.committed':
    case 'unit.requeued':
      return [e.worker];
    case 'audit.assigned':
      return [e.worker, ...e.auditors];
    default:
      return [];
  }
}
