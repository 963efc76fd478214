// Seed files: one key each, readable by its owner alone. The seed goes nowhere but into a signer.
import { randomBytes } from 'node:crypto';
import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SEED_BYTES, type Signer, signer } from './ed25519.ts';

/** Codes of KeyError; each is explained in schemas/wire/codes.ts. */
export type KeyErrorCode = 'KEY_FILE_EXISTS' | 'KEY_FILE_MISSING' | 'KEY_FILE_PERMISSIONS' | 'KEY_FILE_MALFORMED';

/** A key file that cannot be used. Names the path, never the content. */
export class KeyError extends Error {
  override readonly name = 'KeyError';
  readonly code: KeyErrorCode;
  readonly path: string;

  constructor(code: KeyErrorCode, path: string, options?: ErrorOptions) {
    super(`${code}: ${path}`, options);
    this.code = code;
    this.path = path;
  }
}

/** Writes a new random seed (64 hex characters and a line end, mode 600) and answers it. @throws KeyError KEY_FILE_EXISTS */
export async function createSeedFile(path: string): Promise<Uint8Array> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = await open(path, 'wx', 0o600).catch(asKeyError('EEXIST', 'KEY_FILE_EXISTS', path));
  const seed = randomBytes(SEED_BYTES);
  try {
    await file.writeFile(`${seed.toString('hex')}\n`);
    await file.sync();
    return seed;
  } finally {
    await file.close();
  }
}

/** The 32 bytes of a seed file. @throws KeyError KEY_FILE_MISSING | KEY_FILE_PERMISSIONS | KEY_FILE_MALFORMED */
export async function readSeedFile(path: string): Promise<Uint8Array> {
  const file = await open(path, 'r').catch(asKeyError('ENOENT', 'KEY_FILE_MISSING', path));
  try {
    // Asked of the open file, so that nobody swaps it between the question and the read.
    const { mode } = await file.stat();
    if ((mode & 0o077) !== 0) throw new KeyError('KEY_FILE_PERMISSIONS', path);
    const text = await file.readFile('utf8');
    if (!/^[0-9a-f]{64}\n?$/.test(text)) throw new KeyError('KEY_FILE_MALFORMED', path);
    return Buffer.from(text.trim(), 'hex');
  } finally {
    await file.close();
  }
}

/** A new seed file; answers its signer. @throws KeyError KEY_FILE_EXISTS */
export const createKeyFile = async (path: string): Promise<Signer> => signerOnce(await createSeedFile(path));

/** The signer of a seed file. @throws KeyError KEY_FILE_MISSING | KEY_FILE_PERMISSIONS | KEY_FILE_MALFORMED */
export const readKeyFile = async (path: string): Promise<Signer> => signerOnce(await readSeedFile(path));

/** Reads the seed file, or makes it where there is none. */
export async function ensureKeyFile(path: string): Promise<Signer> {
  try {
    return await createKeyFile(path);
  } catch (error) {
    if (error instanceof KeyError && error.code === 'KEY_FILE_EXISTS') return readKeyFile(path);
    throw error;
  }
}

/** The seed goes nowhere else. */
function signerOnce(seed: Uint8Array): Signer {
  try {
    return signer(seed);
  } finally {
    seed.fill(0);
  }
}

function asKeyError(errno: string, code: KeyErrorCode, path: string): (error: NodeJS.ErrnoException) => never {
  return (cause) => {
    throw cause.code === errno ? new KeyError(code, path, { cause }) : cause;
  };
}
