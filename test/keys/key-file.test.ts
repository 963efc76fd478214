// Seed files: private to their owner, never overwritten, never trusted when others may read them.
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createKeyFile, ensureKeyFile, readKeyFile } from '#runtime/keys/key-file.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sortition-keys-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

test('a new key file is private and gives the same signer again', async () => {
  const path = join(dir, 'nested', 'worker.key');
  const made = await createKeyFile(path);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await readKeyFile(path)).id).toBe(made.id);
  expect((await ensureKeyFile(path)).id).toBe(made.id);
});

test('an existing key is never overwritten', async () => {
  const path = join(dir, 'a.key');
  await createKeyFile(path);
  const before = await readFile(path, 'utf8');
  await expect(createKeyFile(path)).rejects.toMatchObject({ code: 'KEY_FILE_EXISTS', path });
  expect(await readFile(path, 'utf8')).toBe(before);
});

test.each([0o640, 0o604, 0o660, 0o620])('a key file of mode %o is refused', async (mode) => {
  const path = join(dir, 'a.key');
  await createKeyFile(path);
  await chmod(path, mode);
  await expect(readKeyFile(path)).rejects.toMatchObject({ code: 'KEY_FILE_PERMISSIONS' });
  await expect(ensureKeyFile(path)).rejects.toMatchObject({ code: 'KEY_FILE_PERMISSIONS' });
});

test.each(['', 'ab'.repeat(31), 'AB'.repeat(32), `${'ab'.repeat(32)}\n\n`])(
  'content %j is no seed, and is not repeated in the error',
  async (content) => {
    const path = join(dir, 'a.key');
    await writeFile(path, content, { mode: 0o600 });
    const error = await readKeyFile(path).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'KEY_FILE_MALFORMED', message: `KEY_FILE_MALFORMED: ${path}` });
  },
);

test('a missing file is said to be missing', async () => {
  await expect(readKeyFile(join(dir, 'none'))).rejects.toMatchObject({ code: 'KEY_FILE_MISSING' });
});
