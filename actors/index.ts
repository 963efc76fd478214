// The actor table: every kind of actor that a node can host.
import type { ActorDefinition } from './host.ts';
import { gateway } from './node/gateway.actor.ts';
import { validator } from './node/validator.actor.ts';
import { archiver } from './settlement/archiver.actor.ts';
import { shuffler } from './work/shuffler.actor.ts';
import { worker } from './work/worker.actor.ts';

export const ACTORS = { validator, worker, shuffler, archiver, gateway } as const satisfies Record<
  string,
  ActorDefinition
>;
