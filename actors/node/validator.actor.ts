// The validator's duties: hears disputes, phases of key generations, requests to cosign. Consensus itself runs beside it (runtime/consensus).

import { validatorMachine } from '#machines/node/validator.machine.ts';
import { CosignRequest } from '#schemas/settlement/cosign.ts';
import { ValidatorContextV1 } from '#schemas/snapshots/validator-v1.ts';
import type { ActorDefinition } from '../host.ts';

export const validator: ActorDefinition = {
  kind: 'validator',
  machine: validatorMachine,
  snapshot: { version: 1, context: ValidatorContextV1 },
  hears: { 'cosign.request.v1': CosignRequest },
  concerns: (e) => (e.type === 'audit.disputed' || e.type === 'keygen.phase' ? 'all' : []),
  ports: ['sandbox', 'lottery', 'cosign', 'evidence', 'keygen'],
};
