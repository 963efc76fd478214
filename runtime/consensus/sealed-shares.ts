// Shares on their way from a dealer to one receiver, over the ledger that all can read: X25519, HKDF-SHA-256, ChaCha20-Poly1305.
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import { TAG_BYTES } from '#machines/beacon/layout.ts';
import type { AgreementKey } from '../keys/encryption-key.ts';

/** What a sealed text is bound to: a dealing that is copied opens under no other name, and in no other generation. */
export type SealedPlace = {
  /** Name of the generation, 32 bytes. */
  readonly generation: Uint8Array;
  /** Keys of both, hex. */
  readonly dealer: string;
  readonly receiver: string;
};

const CIPHER = 'chacha20-poly1305';
const KEY_BYTES = 32;
/** Each key seals one text. */
const NONCE = new Uint8Array(12);
const TAG = { authTagLength: TAG_BYTES } as const;

/** @param ephemeral the dealing's own key; @param to the receiver's: who states one that is none can open nothing, and others can */
export function seal(place: SealedPlace, ephemeral: AgreementKey, to: Uint8Array, text: Uint8Array): Uint8Array {
  const shared = ephemeral.agree(to) ?? new Uint8Array(KEY_BYTES);
  const cipher = createCipheriv(CIPHER, keyOf(place, ephemeral.public, shared), NONCE, TAG);
  return Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()]);
}

/** The text, or undefined where it was not sealed so for this key. */
export function unseal(
  place: SealedPlace,
  own: AgreementKey,
  ephemeral: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined {
  const shared = own.agree(ephemeral);
  if (shared === undefined || sealed.length < TAG_BYTES) return undefined;
  const cipher = createDecipheriv(CIPHER, keyOf(place, ephemeral, shared), NONCE, TAG);
  const end = sealed.length - TAG_BYTES;
  try {
    cipher.setAuthTag(sealed.subarray(end));
    return Buffer.concat([cipher.update(sealed.subarray(0, end)), cipher.final()]);
  } catch {
    return undefined;
  }
}

function keyOf({ generation, dealer, receiver }: SealedPlace, ephemeral: Uint8Array, shared: Uint8Array): Uint8Array {
  const info = Buffer.concat([generation, Buffer.from(dealer + receiver, 'hex'), ephemeral]);
  return new Uint8Array(hkdfSync('sha256', shared, 'sortition dealt shares', info, KEY_BYTES));
}
