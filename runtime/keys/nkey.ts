// The broker's spelling of an actor's key: the same Ed25519 key is id, signer and NATS user (NKey).
import type { Authenticator } from '@nats-io/transport-node';
import type { Signer } from './ed25519.ts';

/** Prefix byte of a user key: its text starts with U. */
const USER_PREFIX = 20 << 3;
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** `U…`, 56 characters: base32(prefix | public key | CRC-16). */
export function nkeyOf(id: string): string {
  const body = Buffer.from([USER_PREFIX, ...Buffer.from(id, 'hex')]);
  const crc = crc16(body);
  return base32(Buffer.from([...body, crc & 0xff, crc >> 8]));
}

/** Answers the broker's challenge with the actor's own signer: about 1 ms a connect where the client's stock one takes 13. */
export function nkeyAuthenticator(signer: Signer): Authenticator {
  const nkey = nkeyOf(signer.id);
  return (nonce) => ({ nkey, sig: Buffer.from(signer.sign(Buffer.from(nonce ?? ''))).toString('base64') });
}

/** CRC-16/XMODEM: polynomial 0x1021, start 0. */
function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff;
  }
  return crc;
}

/** RFC 4648 §6 without padding. */
function base32(bytes: Uint8Array): string {
  let text = '';
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) text += BASE32[(held >> (bits - 5)) & 31];
    held &= (1 << bits) - 1;
  }
  return bits === 0 ? text : text + BASE32[(held << (5 - bits)) & 31];
}
