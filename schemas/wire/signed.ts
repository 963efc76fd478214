// The frame of everything signed on the wire: `signature 64 | bytes`, signed over `tag 16 | bytes`.

/** Length of an Ed25519 signature, bytes (RFC 8032 §5.1.6). */
export const SIGNATURE_BYTES = 64;

/** What is signed: a domain tag, then the bytes as they travel. */
export const signBytes = (tag: Uint8Array, bytes: Uint8Array): Uint8Array => concat(tag, bytes);

/** What travels. */
export const frame = (bytes: Uint8Array, signature: Uint8Array): Uint8Array => concat(signature, bytes);

/** The two halves of a frame, as views; the caller has checked that it is longer than a signature. */
export const unframe = (wire: Uint8Array): { readonly signature: Uint8Array; readonly bytes: Uint8Array } => ({
  signature: wire.subarray(0, SIGNATURE_BYTES),
  bytes: wire.subarray(SIGNATURE_BYTES),
});

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}
