// A validator's shares of the beacon's key on disk, one line for each of its seats, readable by their owner alone.
import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { KeyError } from '../keys/key-file.ts';

/** @param secrets 32 bytes each, hex. @throws KeyError KEY_FILE_EXISTS */
export async function writeBeaconShares(path: string, secrets: readonly string[]): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = await open(path, 'wx', 0o600).catch(asKeyError('EEXIST', 'KEY_FILE_EXISTS', path));
  try {
    await file.writeFile(secrets.map((secret) => `${secret}\n`).join(''));
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The secrets in hex. @throws KeyError KEY_FILE_MISSING | KEY_FILE_PERMISSIONS | KEY_FILE_MALFORMED */
export async function readBeaconShares(path: string): Promise<readonly string[]> {
  const file = await open(path, 'r').catch(asKeyError('ENOENT', 'KEY_FILE_MISSING', path));
  try {
    const { mode } = await file.stat();
    if ((mode & 0o077) !== 0) throw new KeyError('KEY_FILE_PERMISSIONS', path);
    const secrets = (await file.readFile('utf8')).trim().split('\n');
    if (!secrets.every((secret) => /^[0-9a-f]{64}$/.test(secret))) throw new KeyError('KEY_FILE_MALFORMED', path);
    return secrets;
  } finally {
    await file.close();
  }
}

const asKeyError =
  (errno: string, code: 'KEY_FILE_EXISTS' | 'KEY_FILE_MISSING', path: string) =>
  (cause: NodeJS.ErrnoException): never => {
    throw cause.code === errno ? new KeyError(code, path, { cause }) : cause;
  };
