// Ed25519 over node:crypto: signers from raw seeds, verification by one pinned rule with a bounded cache of parsed keys.
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify as verifySignature } from 'node:crypto';
import { MAX_CACHED_PUBLIC_KEYS } from '#schemas/wire/limits.ts';
import { SIGNATURE_BYTES } from '#schemas/wire/signed.ts';

/** Length of a seed and of a public key, bytes (RFC 8032 §5.1.5). */
export const SEED_BYTES = 32;
/** Of a point: a key, or the first half of a signature. */
const POINT_BYTES = 32;

/** One actor's key, ready to sign. The seed stays inside. */
export type Signer = {
  /** Public key in hex: the actor's id. */
  readonly id: string;
  readonly sign: (bytes: Uint8Array) => Uint8Array;
};

/** DER around a raw seed (PKCS #8, RFC 8410 §7) and around a raw public key (SPKI, RFC 8410 §4). */
const PRIVATE_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const PUBLIC_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** @param seed 32 bytes; the caller may wipe them afterwards */
export function signer(seed: Uint8Array): Signer {
  if (seed.length !== SEED_BYTES) throw new RangeError(`a seed has ${SEED_BYTES} bytes, not ${seed.length}`);
  const key = createPrivateKey({ key: Buffer.concat([PRIVATE_PREFIX, seed]), format: 'der', type: 'pkcs8' });
  const id = createPublicKey(key)
    .export({ format: 'der', type: 'spki' })
    .subarray(PUBLIC_PREFIX.length)
    .toString('hex');
  return { id, sign: (bytes) => sign(null, bytes, key) };
}

/**
 * The pinned rule (ADR 25): RFC 8032 §5.1.7 without the cofactor, S below the group order, R compared byte for byte, and neither the
 * key nor R of small order, nor the key in a non-canonical form: under those one signature fits many messages, or one key has two
 * names. Every node must judge alike, and what OpenSSL and Node refuse of these by themselves changes with their versions.
 *
 * @param id public key, 64 hex characters
 */
export function verify(id: string, bytes: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== SIGNATURE_BYTES || isSmall(signature.subarray(0, POINT_BYTES))) return false;
  const key = publicKey(id);
  return key !== undefined && verifySignature(null, bytes, key, signature);
}

/** Parsing costs about as much as a third of a verification; least recently used keys go first. */
const cache = new Map<string, KeyObject>();

function publicKey(id: string): KeyObject | undefined {
  const known = cache.get(id);
  if (known !== undefined) {
    cache.delete(id);
    cache.set(id, known);
    return known;
  }
  const raw = Buffer.from(id, 'hex');
  if (raw.length !== SEED_BYTES || id.length !== 2 * SEED_BYTES || !isSafe(raw)) return undefined;
  const key = createPublicKey({ key: Buffer.concat([PUBLIC_PREFIX, raw]), format: 'der', type: 'spki' });
  if (cache.size >= MAX_CACHED_PUBLIC_KEYS) cache.delete(cache.keys().next().value ?? '');
  cache.set(id, key);
  return key;
}

/** y coordinates, little-endian, of the eight points whose order divides the cofactor; x and −x share one. */
const SMALL_ORDER = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
]);

/** p = 2^255 − 19 and above, up to 2^255 − 1, differ from it in the first byte only. */
const isBelowP = (y: Buffer): boolean =>
  (y[0] ?? 0) < 0xed || y[31] !== 0x7f || y.subarray(1, 31).some((b) => b !== 0xff);

/** Whether the bytes are a point of small order in its canonical form. */
const isSmall = (point: Uint8Array): boolean => SMALL_ORDER.has(yOf(point).toString('hex'));

const isSafe = (point: Uint8Array): boolean => isBelowP(yOf(point)) && !isSmall(point);

/** Without the sign of x. */
function yOf(point: Uint8Array): Buffer {
  const y = Buffer.from(point);
  y[31] = (y[31] ?? 0) & 0x7f;
  return y;
}
