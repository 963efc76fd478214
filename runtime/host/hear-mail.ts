// Hearing mail: the checks and counters that a message passes before its actor hears of it.
import type { HostEvent } from '#actors/host.ts';
import { HOST_ACK, HostAckV1 } from '#schemas/node/host-ack.ts';
import { accept, type Result, refuse } from '#schemas/wire/codes.ts';
import type { Envelope, EnvelopeItem } from '#schemas/wire/envelope.ts';
import type { ReceivedEnvelope } from '#schemas/wire/envelope-codec.ts';
import { decodeBody } from '#schemas/wire/msgpack.ts';
import { isAuthentic, open } from './envelopes.ts';
import type { Input } from './inbox.ts';
import type { Actor } from './residents.ts';
import { heardBy, type Parts, type Turn, wake } from './turn.ts';

/** Hear one message: what is refused is counted by peer and code, and moves no watermark unless it was signed and next. */
export async function hearMail(parts: Parts, chain: string, mail: Input & { type: 'mail' }, turn: Turn): Promise<void> {
  const { receiver, sender, data } = mail;
  const { residents, refusals } = parts;
  const actor = residents.byId.get(receiver);
  if (actor === undefined) return refusals.count(sender, 'RECEIVER_UNKNOWN');
  if (actor.stopped !== undefined) return refusals.count(sender, 'ACTOR_STOPPED');
  const got = open(data, sender, chain, turn.now_ms);
  if (!got.ok) return refusals.count(sender, got.code);
  turn.events_count += got.value.envelope.items.length;
  if (isReplay(parts, receiver, got.value)) {
    parts.watermarks.remind(receiver, sender, turn.now_ms);
    return refusals.count(sender, 'COUNTER_REPLAYED');
  }
  if (!isAuthentic(got.value)) return refusals.count(sender, 'SIGNATURE_INVALID');
  if (!(await wake(parts, actor, turn))) return refusals.count(sender, 'ACTOR_STOPPED');
  await hearItems(parts, actor, got.value, turn);
}

/** All of it was applied before: not worth a verification, which costs more than everything else. */
const isReplay = (
  { watermarks }: Parts,
  receiver: string,
  { envelope: { sender, items } }: ReceivedEnvelope,
): boolean =>
  items.every(({ counter }) => counter > 0 && watermarks.judge(receiver, sender, counter) === 'COUNTER_REPLAYED');

async function hearItems(parts: Parts, actor: Actor, { envelope }: ReceivedEnvelope, turn: Turn): Promise<void> {
  for (const item of envelope.items) {
    if (item.to !== actor.id) parts.refusals.count(envelope.sender, 'RECEIVER_UNKNOWN');
    else if (item.kind === HOST_ACK) await hearAck(parts, actor, envelope.sender, item, turn);
    else hearItem(parts, actor, envelope, item, turn);
  }
}

function hearItem(
  { refusals, watermarks }: Parts,
  actor: Actor,
  { sender, trace }: Envelope,
  item: EnvelopeItem,
  turn: Turn,
): void {
  const verdict = watermarks.judge(actor.id, sender, item.counter);
  if (verdict !== 'next') {
    watermarks.remind(actor.id, sender, turn.now_ms);
    return refusals.count(sender, verdict);
  }
  // Counted even where the body is refused: it would be refused again, and block what comes behind it.
  watermarks.advance(actor.id, sender, item.counter, turn.now_ms);
  const event = toEvent(actor, sender, item, turn.now_ms);
  if (event.ok) heardBy(actor, turn).push({ event: event.value, trace });
  else refusals.count(sender, event.code);
}

function toEvent(actor: Actor, from: string, { kind, body }: EnvelopeItem, now_ms: number): Result<HostEvent> {
  const schema = actor.definition.hears[kind];
  if (schema === undefined) return refuse('KIND_UNKNOWN');
  const got = decodeBody(schema, body);
  return got.ok ? accept({ type: 'message', kind, from, body: got.value, now_ms }) : got;
}

async function hearAck(parts: Parts, actor: Actor, from: string, { body }: EnvelopeItem, turn: Turn): Promise<void> {
  const ack = decodeBody(HostAckV1, body);
  if (!ack.ok) return parts.refusals.count(from, ack.code);
  await parts.outbox.acknowledge(actor.id, from, ack.value, turn.now_ms, turn.changes);
}
