// The key that shares are encrypted to: what it agrees on, what it draws, and its file.
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { x25519 } from '@noble/curves/ed25519.js';
import { expect, test } from 'vitest';
import { agreementKey, encryptionKey, ensureEncryptionKey, readEncryptionKey } from '#runtime/keys/encryption-key.ts';

const secret = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);

test('two keys agree on what a second library computes', () => {
  const [ours, theirs] = [agreementKey(secret(1)), agreementKey(secret(2))];
  expect(ours.public).toEqual(x25519.getPublicKey(secret(1)));
  expect(Buffer.from(ours.agree(theirs.public) ?? [])).toEqual(
    Buffer.from(x25519.getSharedSecret(secret(2), ours.public)),
  );
});

test.each([
  ['the point of order one', new Uint8Array(32)],
  ['too few bytes', new Uint8Array(31)],
  ['nothing', new Uint8Array(0)],
])('%s agrees with nobody', (_, theirs) => {
  expect(agreementKey(secret(1)).agree(theirs)).toBeUndefined();
});

test('what is drawn is the same for a purpose, and another for another purpose or seed', () => {
  const draw = (seed: number, purpose: string) =>
    Buffer.from(encryptionKey(secret(seed)).draw(Buffer.from(purpose), 16)).toString('hex');
  expect(draw(1, 'a')).toBe(draw(1, 'a'));
  expect(new Set([draw(1, 'a'), draw(1, 'b'), draw(2, 'a')]).size).toBe(3);
});

test('its file is made once, for its owner alone', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'sortition-encryption-'));
  try {
    const path = join(dir, 'keys', 'encryption.seed');
    await expect(readEncryptionKey(path)).rejects.toMatchObject({ code: 'KEY_FILE_MISSING' });
    const made = await ensureEncryptionKey(path);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect([(await ensureEncryptionKey(path)).public, (await readEncryptionKey(path)).public]).toEqual([
      made.public,
      made.public,
    ]);
  } finally {
    await rm(dir, { recursive: true });
  }
});
