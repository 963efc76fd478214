// A validator's X25519 key: what others deal to it is encrypted to this, and what it deals itself is drawn from the same seed.
import { createPrivateKey, createPublicKey, diffieHellman, hkdfSync } from 'node:crypto';
import { createSeedFile, readSeedFile } from './key-file.ts';

/** Length of a seed, a private and a public key, bytes (RFC 7748 §5). */
const KEY_BYTES = 32;
/** DER around a raw private key (PKCS #8) and around a raw public key (SPKI), RFC 8410 §4, §7. */
const PRIVATE_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex');
const PUBLIC_PREFIX = Buffer.from('302a300506032b656e032100', 'hex');

/** Half of an agreement. The private key stays inside. */
export type AgreementKey = {
  /** X25519 public key, 32 bytes. */
  readonly public: Uint8Array;
  /** The secret shared with the holder of the other key; undefined where that is no key (all-zero result, RFC 7748 §6.1). */
  readonly agree: (theirs: Uint8Array) => Uint8Array | undefined;
};
export type EncryptionKey = AgreementKey & {
  /** The same secret bytes for the same purpose, again after a crash: so nothing that is drawn has to be kept. */
  readonly draw: (purpose: Uint8Array, size_bytes: number) => Uint8Array;
};

/** @param seed 32 random bytes */
export function encryptionKey(seed: Uint8Array): EncryptionKey {
  const kept = Uint8Array.from(seed);
  const draw = (purpose: Uint8Array, size_bytes: number): Uint8Array =>
    new Uint8Array(hkdfSync('sha256', kept, 'sortition encryption seed', purpose, size_bytes));
  return { ...agreementKey(draw(Buffer.from('x25519'), KEY_BYTES)), draw };
}

/** @param secret 32 bytes */
export function agreementKey(secret: Uint8Array): AgreementKey {
  const key = createPrivateKey({ key: Buffer.concat([PRIVATE_PREFIX, secret]), format: 'der', type: 'pkcs8' });
  const own = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(PUBLIC_PREFIX.length);
  return {
    public: Uint8Array.from(own),
    agree: (theirs) => {
      try {
        const spki = Buffer.concat([PUBLIC_PREFIX, theirs]);
        return diffieHellman({
          privateKey: key,
          publicKey: createPublicKey({ key: spki, format: 'der', type: 'spki' }),
        });
      } catch {
        return undefined;
      }
    },
  };
}

/** Reads the file of the seed, or makes it where there is none. @throws KeyError */
export async function ensureEncryptionKey(path: string): Promise<EncryptionKey> {
  const seed = await createSeedFile(path).catch((error: { readonly code?: string }) => {
    if (error.code === 'KEY_FILE_EXISTS') return readSeedFile(path);
    throw error;
  });
  return encryptionKey(seed);
}

/** @throws KeyError KEY_FILE_MISSING | KEY_FILE_PERMISSIONS | KEY_FILE_MALFORMED */
export const readEncryptionKey = async (path: string): Promise<EncryptionKey> =>
  encryptionKey(await readSeedFile(path));
