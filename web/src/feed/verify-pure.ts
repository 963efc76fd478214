// Ed25519 in JavaScript, for browsers whose WebCrypto has none.
import { hashes, verify } from '@noble/ed25519';
import { sha512 } from '@noble/hashes/sha2.js';

hashes.sha512 = sha512;

export function verifyPure(signature: Uint8Array, signed: Uint8Array, key: Uint8Array): boolean {
  try {
    return verify(signature, signed, key);
  } catch {
    return false;
  }
}
