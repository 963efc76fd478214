// Answers operators on ctl.v1.<actor>: state and quarantine of an actor, for the signature of its own operator only.

import { OPERATOR_KIND, type OperatorAnswer, OperatorRequest } from '#schemas/node/operator.ts';
import { accept, type Code, type Result, refuse } from '#schemas/wire/codes.ts';
import { decodeEnvelope } from '#schemas/wire/envelope-codec.ts';
import { MAX_EXPIRY_AHEAD_MS } from '#schemas/wire/limits.ts';
import { decodeBody, encode } from '#schemas/wire/msgpack.ts';
import { subject } from '#schemas/wire/subjects.ts';
import type { Bus, Subscription } from '../bus/bus.ts';
import type { Host } from '../host/ports.ts';
import { verify } from '../keys/ed25519.ts';
import type { Log } from '../observe/log.ts';

export type OperatorServiceOptions = {
  readonly chain: string;
  readonly actor: string;
  readonly bus: Bus;
  readonly host: Host;
  readonly now_ms: () => number;
  /** Id of the actor's operator as the ledger has it; undefined when the ledger does not know the actor. */
  readonly operator: () => string | undefined;
  /** After an actor was resumed: give it the blocks that it missed. */
  readonly onResumed: () => Promise<void>;
  readonly onRefused: (code: Code) => void;
  readonly log: Log;
};

export function serveOperator(o: OperatorServiceOptions): Subscription {
  return o.bus.subscribe(subject.operator(o.actor), ({ data, respond }) => {
    if (respond === undefined) return;
    void answer(o, data).then((reply) => respond(encode(reply)));
  });
}

async function answer(o: OperatorServiceOptions, data: Uint8Array): Promise<OperatorAnswer> {
  const request = readRequest(o, data);
  if (!request.ok) {
    o.onRefused(request.code);
    return { ok: false, code: request.code };
  }
  const { order, trace } = request.value;
  o.log.info({ actor: o.actor, trace, verb: order.verb }, 'operator order');
  return { ok: true, result: await perform(o, order) };
}

function readRequest(
  o: OperatorServiceOptions,
  data: Uint8Array,
): Result<{ readonly order: OperatorRequest; readonly trace: string }> {
  const got = decodeEnvelope(data);
  if (!got.ok) return got;
  const { envelope, signed, signature } = got.value;
  const now_ms = o.now_ms();
  if (envelope.network !== o.chain) return refuse('NETWORK_MISMATCH');
  if (envelope.sender !== o.operator()) return refuse('NOT_AUTHORISED');
  if (envelope.expiry_ms < now_ms) return refuse('MESSAGE_EXPIRED');
  if (envelope.expiry_ms > now_ms + MAX_EXPIRY_AHEAD_MS) return refuse('EXPIRY_TOO_FAR');
  if (!verify(envelope.sender, signed, signature)) return refuse('SIGNATURE_INVALID');
  const [item] = envelope.items;
  if (item?.kind !== OPERATOR_KIND || item.to !== o.actor) return refuse('KIND_UNKNOWN');
  const order = decodeBody(OperatorRequest, item.body);
  return order.ok ? accept({ order: order.value, trace: envelope.trace }) : order;
}

async function perform({ host, actor, onResumed }: OperatorServiceOptions, request: OperatorRequest): Promise<unknown> {
  switch (request.verb) {
    case 'inspect':
      return host.inspect(actor);
    case 'list':
      return host.quarantine.list(actor);
    case 'inject':
      return { done: await host.quarantine.inject(actor, request.seq) };
    case 'drop':
      return { done: await host.quarantine.drop(actor, request.seq) };
    case 'resume':
      await host.quarantine.resume(actor);
      await onResumed();
      return { done: true };
  }
}
