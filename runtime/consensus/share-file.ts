// A validator's share of the beacon's key on disk, readable by its owner alone; as a seed file (runtime/keys/key-file.ts).
import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { KeyError } from '../keys/key-file.ts';

/** @param secret 32 bytes, hex. @throws KeyError KEY_FILE_EXISTS */
export async function writeBeaconShare(path: string, secret: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = await open(path, 'wx', 0o600).catch(asKeyError('EEXIST', 'KEY_FILE_EXISTS', path));
  try {
    await file.writeFile(`${secret}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The secret in hex. @throws KeyError KEY_FILE_MISSING | KEY_FILE_PERMISSIONS | KEY_FILE_MALFORMED */
export async function readBeaconShare(path: string): Promise<string> {
  const file = await open(path, 'r').catch(asKeyError('ENOENT', 'KEY_FILE_MISSING', path));
  try {
    const { mode } = await file.stat();
    if ((mode & 0o077) !== 0) throw new KeyError('KEY_FILE_PERMISSIONS', path);
    const secret = (await file.readFile('utf8')).trim();
    if (!/^[0-9a-f]{64}$/.test(secret)) throw new KeyError('KEY_FILE_MALFORMED', path);
    return secret;
  } finally {
    await file.close();
  }
}

const asKeyError =
  (errno: string, code: 'KEY_FILE_EXISTS' | 'KEY_FILE_MISSING', path: string) =>
  (cause: NodeJS.ErrnoException): never => {
    throw cause.code === errno ? new KeyError(code, path, { cause }) : cause;
  };
