// Signing and verification against RFC 8032's vectors, beside a second implementation. Hostile keys and signatures: ed25519-edges.test.ts.
import { randomBytes } from 'node:crypto';
import * as noble from '@noble/ed25519';
import { sha512 } from '@noble/hashes/sha2.js';
import { expect, test } from 'vitest';
import { signer, verify } from '#runtime/keys/ed25519.ts';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
noble.hashes.sha512 = sha512;

/** RFC 8032 §7.1: seed, public key, message, signature. */
const RFC8032: readonly (readonly [string, string, string, string])[] = [
  [
    '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    '',
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  ],
  [
    '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    '72',
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  ],
  [
    'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    'af82',
    '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  ],
];

test.each(RFC8032)('signs and verifies as RFC 8032 §7.1 says: %s', (seed, id, message, signature) => {
  const key = signer(hex(seed));
  expect(key.id).toBe(id);
  expect(Buffer.from(key.sign(hex(message))).toString('hex')).toBe(signature);
  expect(verify(id, hex(message), hex(signature))).toBe(true);
});

test('another message, signature or key does not verify', () => {
  const key = signer(randomBytes(32));
  const message = Buffer.from('heights 1 to 7');
  const signature = key.sign(message);
  const bent = Uint8Array.from(signature);
  bent[10] = (bent[10] ?? 0) ^ 1;
  expect(verify(key.id, message, signature)).toBe(true);
  expect(verify(key.id, Buffer.from('heights 1 to 8'), signature)).toBe(false);
  expect(verify(key.id, message, bent)).toBe(false);
  expect(verify(key.id, message, signature.subarray(0, 63))).toBe(false);
  expect(verify(signer(randomBytes(32)).id, message, signature)).toBe(false);
});

test('a seed must have 32 bytes', () => {
  expect(() => signer(new Uint8Array(31))).toThrow(RangeError);
});

test.each(['', 'zz', 'ab'.repeat(31), 'ab'.repeat(33), `${'0'.repeat(63)}g`])('no key, no verification: %j', (id) => {
  expect(verify(id, new Uint8Array(1), new Uint8Array(64))).toBe(false);
});

test('both implementations sign alike and accept each other, for random seeds', () => {
  for (let i = 0; i < 20; i++) {
    const seed = randomBytes(32);
    const message = randomBytes(i);
    const key = signer(seed);
    expect(key.id).toBe(Buffer.from(noble.getPublicKey(seed)).toString('hex'));
    expect(Uint8Array.from(key.sign(message))).toEqual(noble.sign(message, seed));
    expect(noble.verify(key.sign(message), message, hex(key.id))).toBe(true);
  }
});
