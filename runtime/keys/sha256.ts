// SHA-256 over node:crypto: what production hands to pure code.
import { hash } from 'node:crypto';

/**
 * SHA-256, 32 bytes. Taken as text and copied into a small array on the heap: a Buffer of node:crypto has memory of its own
 * outside, which takes twice the time, and more than twice the memory where digests are kept, as the state tree does.
 */
export function sha256(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const digest = hash('sha256', data, 'binary');
  const bytes = new Uint8Array(32);
  for (let i = 0; i < 32; i++) bytes[i] = digest.charCodeAt(i);
  return bytes;
}
