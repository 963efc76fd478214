// Cheap twins of SHA-256 and Ed25519 for simulated networks: pure, fast, and as unforgeable as the adversary is honest about keys.

import type { Crypto } from '#machines/consensus/types.ts';
import type { LedgerCrypto } from '#machines/settlement/books.ts';
import { BEACON_BYTES } from '#schemas/consensus/beacon.ts';
import { twinDealings } from './twin-dealings.ts';

/** Twin cryptography: the core checks with it as it checks with the real one; only the simulator can sign. */
export type TwinCrypto = Crypto &
  LedgerCrypto & {
    sign(key: string, message: Uint8Array): Uint8Array;
  };

/** 64-bit state of the twin hash, two lanes of 32; one per process is enough, since hashing never yields. */
const lane = new Int32Array(2);

/** Signatures are a keyed hash in the 64 bytes that Ed25519 fills; whoever holds no `sign` cannot make one. */
export const twinCrypto: TwinCrypto = {
  sha256(data) {
    absorb(0x9e3779b9, 0x85ebca6b, data);
    return squeeze(32);
  },
  sign(key, message) {
    absorbKeyed(key, message);
    return squeeze(64);
  },
  verify(key, message, signature) {
    absorbKeyed(key, message);
    return signature.length === 64 && isSqueezed(signature);
  },
  verifyBeacon(key, message, signature) {
    absorbKeyed(key, message);
    return signature.length === BEACON_BYTES && isSqueezed(signature);
  },
  dealings: twinDealings,
};

/** The group's signature over a height's message: unique and as long as the real one is. */
export function twinBeacon(key: string, message: Uint8Array): Uint8Array {
  absorbKeyed(key, message);
  return squeeze(BEACON_BYTES);
}

/** A public key or share of the twin beacon: 96 hex digits, like a point of the group. */
export const twinPoint = (kind: number, index: number): string => twinKey(kind, index).repeat(2).slice(0, 96);

/** The key of twin validator or account number `index`: 64 hex digits, like a real one. */
export const twinKey = (kind: number, index: number): string =>
  (kind * 65_536 + index + 1).toString(16).padStart(8, '0').repeat(8);

function absorbKeyed(key: string, message: Uint8Array): void {
  absorb(Number.parseInt(key.slice(0, 8), 16), Number.parseInt(key.slice(56), 16) ^ 0x2545f491, message);
}

/** Two multiply-rotate lanes over 32-bit words (constants of MurmurHash3). */
function absorb(seedA: number, seedB: number, data: Uint8Array): void {
  let a = seedA | 0;
  let b = seedB ^ data.length;
  const whole = data.length & ~3;
  for (let i = 0; i < whole; i += 4) {
    const word = wordAt(data, i);
    a = Math.imul((a << 13) | (a >>> 19), 5) ^ Math.imul(word, 0xcc9e2d51);
    b = Math.imul(b ^ word, 0x1b873593) + ((b << 15) | (b >>> 17));
  }
  for (let i = whole; i < data.length; i++) {
    const byte = data[i] as number;
    a = Math.imul(a ^ byte, 0xcc9e2d51);
    b = Math.imul(b + byte, 0x1b873593) ^ (b >>> 15);
  }
  lane[0] = finish(a ^ Math.imul(b, 0x2c1b3c6d));
  lane[1] = finish(b ^ Math.imul(a, 0x297a2d39));
}

const wordAt = (data: Uint8Array, i: number): number =>
  (data[i] as number) |
  ((data[i + 1] as number) << 8) |
  ((data[i + 2] as number) << 16) |
  ((data[i + 3] as number) << 24);

const finish = (word: number): number => {
  let x = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
};

/** Word `i` of the output: the state, stretched. */
const outputWord = (i: number): number =>
  i === 0
    ? (lane[0] as number)
    : i === 1
      ? (lane[1] as number)
      : finish((lane[i & 1] as number) + Math.imul(i, 0x9e3779b9));

function squeeze(length: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(length);
  for (let i = 0; i < length; i += 4) {
    const word = outputWord(i >> 2);
    out[i] = word;
    out[i + 1] = word >>> 8;
    out[i + 2] = word >>> 16;
    out[i + 3] = word >>> 24;
  }
  return out;
}

/** The first half decides: the rest is the same state stretched. */
function isSqueezed(signature: Uint8Array): boolean {
  for (let i = 0; i < 32; i += 4) if (wordAt(signature, i) !== outputWord(i >> 2)) return false;
  return true;
}
