// The broker's spelling of keys, against the vector that all NATS clients test with, and against the client's own library.
import { randomBytes } from 'node:crypto';
import { nkeys, nkeyAuthenticator as stockAuthenticator } from '@nats-io/nats-core';
import { expect, test } from 'vitest';
import { signer } from '#runtime/keys/ed25519.ts';
import { nkeyAuthenticator, nkeyOf } from '#runtime/keys/nkey.ts';

/** In the test suites of NATS clients in several languages. */
const KNOWN_SEED = 'SUAMLK2ZNL35WSMW37E7UD4VZ7ELPKW7DHC3BWBSD2GCZ7IUQQXZIORRBU';
const KNOWN_NKEY = 'UCK5N7N66OBOINFXAYC2ACJQYFSOD4VYNU6APEJTAVFZB2SVHLKGEW7L';

/** The 32 bytes in a seed's text: base32(2 prefix bytes | seed | CRC-16). */
function rawSeed(text: string): Buffer {
  const bits = Array.from(text, (c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join(
    '',
  );
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2))).subarray(2, 34);
}

test('the known seed has the known user key', () => {
  expect(nkeyOf(signer(rawSeed(KNOWN_SEED)).id)).toBe(KNOWN_NKEY);
});

test('for random seeds it spells and signs as the library of the client does', () => {
  for (let i = 0; i < 5; i++) {
    const pair = nkeys.createUser();
    const own = signer(rawSeed(new TextDecoder().decode(pair.getSeed())));
    expect(nkeyOf(own.id)).toBe(pair.getPublicKey());
    const nonce = randomBytes(11).toString('base64url');
    expect(nkeyAuthenticator(own)(nonce)).toEqual(stockAuthenticator(pair.getSeed())(nonce));
  }
});
