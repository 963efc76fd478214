// Envelope to bytes and back. Checked by hand, not by a schema: every message of every peer passes here.
import { accept, type Result, refuse } from './codes.ts';
import type { Envelope, EnvelopeItem } from './envelope.ts';
import {
  MAX_ENVELOPE_ITEMS,
  MAX_ITEM_BODY_BYTES,
  MAX_KIND_CHARS,
  MAX_MESSAGE_BYTES,
  TRACEPARENT_CHARS,
} from './limits.ts';
import { encode } from './msgpack.ts';
import { Reader } from './reader.ts';
import { frame, SIGNATURE_BYTES, signBytes, unframe } from './signed.ts';
import { TAG } from './tags.ts';

const VERSION = 1;
const FIELDS = 6;
const ITEM_FIELDS = 4;
const HEX_ID_CHARS = 64;
const HEX_ID = /^[0-9a-f]{64}$/;
const KIND = /^[a-z][a-z0-9-]*(?:\.[a-z][a-z0-9-]*)*\.v[1-9][0-9]*$/;
const TRACEPARENT = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** What a receiver gets out of a message before it trusts it: `signature` is yet to be verified over `signed`. */
export type ReceivedEnvelope = {
  readonly envelope: Envelope;
  /** TAG.envelope | bytes. */
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
};

/** The bytes that travel, encoded once; sign `envelopeSignBytes` of them. */
export function envelopeBytes(e: Envelope): Uint8Array {
  const items = e.items.map((item) => [item.kind, item.to, item.counter, item.body]);
  return encode([e.v, e.network, e.sender, e.expiry_ms, e.trace, items]);
}

/** What the sender signs: TAG.envelope | bytes. */
export const envelopeSignBytes = (bytes: Uint8Array): Uint8Array => signBytes(TAG.envelope, bytes);

/** The message: signature 64 | bytes. */
export const encodeEnvelope = (bytes: Uint8Array, signature: Uint8Array): Uint8Array => frame(bytes, signature);

/**
 * Shape and limits only: signature, network and expiry are the receiver's next checks.
 * Refusals: MESSAGE_TOO_LARGE, ENVELOPE_MALFORMED, ENVELOPE_VERSION_UNKNOWN.
 */
export function decodeEnvelope(wire: Uint8Array): Result<ReceivedEnvelope> {
  if (wire.length > MAX_MESSAGE_BYTES) return refuse('MESSAGE_TOO_LARGE', `${wire.length} bytes`);
  if (wire.length <= SIGNATURE_BYTES) return refuse('ENVELOPE_MALFORMED', `${wire.length} bytes`);
  const { signature, bytes } = unframe(wire);
  const envelope = readEnvelope(new Reader(bytes));
  return envelope.ok ? accept({ envelope: envelope.value, signed: envelopeSignBytes(bytes), signature }) : envelope;
}

function readEnvelope(reader: Reader): Result<Envelope> {
  const fields = reader.array();
  const version = reader.whole();
  if (reader.hasFailed || fields === 0) return refuse('ENVELOPE_MALFORMED', 'header');
  if (version !== VERSION) return refuse('ENVELOPE_VERSION_UNKNOWN', `version ${version}`);
  const network = reader.string(HEX_ID_CHARS);
  const sender = reader.string(HEX_ID_CHARS);
  const expiry_ms = reader.whole();
  const trace = reader.string(TRACEPARENT_CHARS);
  if (fields !== FIELDS || !HEX_ID.test(network) || !HEX_ID.test(sender) || !isTrace(trace))
    return refuse('ENVELOPE_MALFORMED', 'header');
  const items = readItems(reader);
  return items.ok ? accept({ v: VERSION, network, sender, expiry_ms, trace, items: items.value }) : items;
}

const isTrace = (trace: string): boolean => trace === '' || TRACEPARENT.test(trace);

function readItems(reader: Reader): Result<EnvelopeItem[]> {
  const count = reader.array();
  if (count === 0 || count > MAX_ENVELOPE_ITEMS) return refuse('ENVELOPE_MALFORMED', `${count} items`);
  const items: EnvelopeItem[] = [];
  for (let i = 0; i < count; i++) {
    const item = readItem(reader);
    if (item === undefined) return refuse('ENVELOPE_MALFORMED', `item ${i}`);
    if (item.body.length > MAX_ITEM_BODY_BYTES)
      return refuse('MESSAGE_TOO_LARGE', `item ${i}: ${item.body.length} bytes`);
    items.push(item);
  }
  return reader.isDone ? accept(items) : refuse('ENVELOPE_MALFORMED', 'bytes after the end');
}

function readItem(reader: Reader): EnvelopeItem | undefined {
  const fields = reader.array();
  const kind = reader.string(MAX_KIND_CHARS);
  const to = reader.string(HEX_ID_CHARS);
  const counter = reader.whole();
  const body = reader.binary();
  const isGood = !reader.hasFailed && fields === ITEM_FIELDS && KIND.test(kind) && HEX_ID.test(to);
  return isGood ? { kind, to, counter, body } : undefined;
}
