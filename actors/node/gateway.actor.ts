// The gateway: keeps the feed of what anyone may see running. Pages and HTTP API stand beside it (runtime/gateway).
import { gatewayMachine } from '#machines/node/gateway.machine.ts';
import { GatewayContextV1 } from '#schemas/snapshots/gateway-v1.ts';
import type { ActorDefinition } from '../host.ts';

export const gateway: ActorDefinition = {
  kind: 'gateway',
  machine: gatewayMachine,
  snapshot: { version: 1, context: GatewayContextV1 },
  hears: {},
  concerns: () => [],
  ports: ['feed'],
};
