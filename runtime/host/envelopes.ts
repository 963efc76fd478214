// Opening and sealing envelopes: the checks that every message of every peer passes before an actor hears of it.
import { verify } from '#runtime/keys/ed25519.ts';
import { accept, type Result, refuse } from '#schemas/wire/codes.ts';
import type { EnvelopeItem } from '#schemas/wire/envelope.ts';
import {
  decodeEnvelope,
  encodeEnvelope,
  envelopeBytes,
  envelopeSignBytes,
  type ReceivedEnvelope,
} from '#schemas/wire/envelope-codec.ts';
import { ENVELOPE_EXPIRY_MS, MAX_CLOCK_DRIFT_MS, MAX_EXPIRY_AHEAD_MS } from '#schemas/wire/limits.ts';

/** Sign `items` for their receivers, valid from now for ENVELOPE_EXPIRY_MS. */
export function seal(
  from: { readonly chain: string; readonly id: string; readonly sign: (bytes: Uint8Array) => Uint8Array },
  now_ms: number,
  trace: string,
  items: readonly EnvelopeItem[],
): Uint8Array {
  const bytes = envelopeBytes({
    v: 1,
    network: from.chain,
    sender: from.id,
    expiry_ms: now_ms + ENVELOPE_EXPIRY_MS,
    trace,
    items,
  });
  return encodeEnvelope(bytes, from.sign(envelopeSignBytes(bytes)));
}

/**
 * The envelope in a message that came on a subject of `sender`. All checks but the signature, which `isAuthentic` makes last:
 * it costs more than everything else, and a replay does not deserve it.
 */
export function open(data: Uint8Array, sender: string, chain: string, now_ms: number): Result<ReceivedEnvelope> {
  const got = decodeEnvelope(data);
  if (!got.ok) return got;
  const { envelope } = got.value;
  if (envelope.network !== chain) return refuse('NETWORK_MISMATCH');
  if (envelope.sender !== sender) return refuse('SENDER_MISMATCH');
  if (envelope.expiry_ms < now_ms - MAX_CLOCK_DRIFT_MS) return refuse('MESSAGE_EXPIRED');
  if (envelope.expiry_ms > now_ms + MAX_EXPIRY_AHEAD_MS + MAX_CLOCK_DRIFT_MS) return refuse('EXPIRY_TOO_FAR');
  return accept(got.value);
}

export const isAuthentic = ({ envelope, signed, signature }: ReceivedEnvelope): boolean =>
  verify(envelope.sender, signed, signature);
