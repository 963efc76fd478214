// The archiver: hears that settlements closed and what validators cosigned, uses the archive, answers with transactions.
import { archiverMachine } from '#machines/settlement/archiver.machine.ts';
import { CosignReply } from '#schemas/settlement/cosign.ts';
import { ArchiverContextV1 } from '#schemas/snapshots/archiver-v1.ts';
import type { ActorDefinition } from '../host.ts';

export const archiver: ActorDefinition = {
  kind: 'archiver',
  machine: archiverMachine,
  snapshot: { version: 1, context: ArchiverContextV1 },
  hears: { 'cosign.reply.v1': CosignReply },
  concerns: (e) => (e.type === 'settlement.closed' ? 'all' : []),
  ports: ['archive.seal', 'archive.publish'],
};
