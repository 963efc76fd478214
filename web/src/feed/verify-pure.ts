// Ed25519 in JavaScript, for browsers whose WebCrypto has none, by the rule that nodes judge by (ADR 25).
import { Point } from '@noble/ed25519';
import { sha512 } from '@noble/hashes/sha2.js';

const ORDER = Point.CURVE().n;
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;

/** `[S]B − [k]A` must be R byte for byte, S below the group order, neither A nor R of small order. The library's own rule multiplies both sides by 8. */
export function verifyPure(signature: Uint8Array, signed: Uint8Array, key: Uint8Array): boolean {
  if (signature.length !== SIGNATURE_BYTES || key.length !== KEY_BYTES) return false;
  const r = signature.subarray(0, KEY_BYTES);
  const s = fromLittle(signature.subarray(KEY_BYTES));
  const a = pointOf(key);
  if (a === undefined || a.isSmallOrder() || s >= ORDER) return false;
  const k = fromLittle(sha512.create().update(r).update(key).update(signed).digest()) % ORDER;
  const expected = Point.BASE.multiply(s, false).subtract(a.multiply(k, false));
  return !expected.isSmallOrder() && expected.toBytes().every((byte, i) => byte === r[i]);
}

/** Undefined where the bytes are no point, or a point that is written otherwise. */
function pointOf(key: Uint8Array): Point | undefined {
  try {
    return Point.fromBytes(key);
  } catch {
    return undefined;
  }
}

const fromLittle = (bytes: Uint8Array): bigint => bytes.reduceRight((n, byte) => n * 256n + BigInt(byte), 0n);
