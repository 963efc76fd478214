// Edge cases of Ed25519, as Wycheproof and "Taming the many EdDSAs" (Chalkias, Garillot, Nikolaenko, 2020) have them, made here: both of
// our verifiers give the verdict of the pinned rule (ADR 25), and each row says what the two libraries say by themselves.
import { createHash, createPublicKey, verify as verifyByNode } from 'node:crypto';
import * as noble from '@noble/ed25519';
import { sha512 } from '@noble/hashes/sha2.js';
import { describe, expect, test } from 'vitest';
import { signer, verify } from '#runtime/keys/ed25519.ts';
import { verifyPure } from '../../web/src/feed/verify-pure.ts';

noble.hashes.sha512 = sha512;
const { Point } = noble;
type Point = InstanceType<typeof Point>;
const L = Point.CURVE().n;
const P = 2n ** 255n - 19n;

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
const little = (n: bigint): Uint8Array => hex(n.toString(16).padStart(64, '0')).reverse();
const fromLittle = (b: Uint8Array): bigint => BigInt(`0x${Buffer.from(b).reverse().toString('hex')}`);
const join = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));

/** A key, a message and a signature, to be judged. */
type Case = { readonly key: Uint8Array; readonly message: Uint8Array; readonly signature: Uint8Array };

/** Who judges: our two verifiers, which must agree, and the libraries as they are. */
const JUDGES = {
  ours: ({ key, message, signature }: Case) => verify(Buffer.from(key).toString('hex'), message, signature),
  pure: ({ key, message, signature }: Case) => verifyPure(signature, message, key),
  node({ key, message, signature }: Case) {
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(key).toString('base64url') };
    return verifyByNode(null, message, createPublicKey({ key: jwk, format: 'jwk' }), signature);
  },
  strict: ({ key, message, signature }: Case) => noble.verify(signature, message, key, { zip215: false }),
  zip215: ({ key, message, signature }: Case) => noble.verify(signature, message, key, { zip215: true }),
} as const;
type Judge = keyof typeof JUDGES;

/** The judges that accept. A library that throws at a malformed key or signature refuses it. */
function accepting(theCase: Case): Judge[] {
  return (Object.keys(JUDGES) as Judge[]).filter((judge) => {
    try {
      return JUDGES[judge](theCase);
    } catch (error) {
      if (judge === 'ours' || judge === 'pure') throw error;
      return false;
    }
  });
}

/** Everybody accepts. */
const ALL: readonly Judge[] = ['ours', 'pure', 'node', 'strict', 'zip215'];
/** Valid but for a part of small order: who multiplies by the cofactor accepts, we and OpenSSL do not. */
const COFACTORED: readonly Judge[] = ['strict', 'zip215'];
/** The key has small order and the equation holds even without the cofactor: older Nodes (20.20) take it, the project's does not. */
const WEAK_KEY: readonly Judge[] = ['zip215'];
/** R has small order and the equation holds even without the cofactor: the same, and noble's strict mode looks at the key alone. */
const WEAK_R: readonly Judge[] = ['strict', 'zip215'];
const ZIP215: readonly Judge[] = ['zip215'];
const NOBODY: readonly Judge[] = [];

/** A point of order 8. */
const TORSION = Point.fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a');
const torsion = (i: number): Point => Array.from({ length: i }).reduce<Point>((sum) => sum.add(TORSION), Point.ZERO);
const base = (n: bigint): Point => (n === 0n ? Point.ZERO : Point.BASE.multiply(n));
const challenge = (r: Uint8Array, key: Uint8Array, message: Uint8Array): bigint =>
  fromLittle(createHash('sha512').update(r).update(key).update(message).digest()) % L;

const SECRET = 123_456_789n;
const NONCE = 987_654_321n;

type Plan = {
  /** A = a·B + i·T, R = r·B + j·T. */
  readonly a: bigint;
  readonly i?: number;
  readonly r: bigint;
  readonly j?: number;
  /** Other encodings of A and R than the canonical ones. */
  readonly key?: Uint8Array;
  readonly rBytes?: Uint8Array;
  /** What the signer hashes in their place. */
  readonly hashed?: { readonly key?: Uint8Array; readonly rBytes?: Uint8Array };
  /** Whether the challenges that signer and verifier compute will do; messages are tried until they do. */
  readonly fits?: (signed: bigint, verified: bigint) => boolean;
};

/** A signature with S = r + k·a: all that is wrong with it is what the plan says. */
function craft({ a, i = 0, r, j = 0, hashed = {}, fits = () => true, ...encoded }: Plan): Case {
  const key = encoded.key ?? base(a).add(torsion(i)).toBytes();
  const rBytes = encoded.rBytes ?? base(r).add(torsion(j)).toBytes();
  for (let n = 0; ; n++) {
    const message = Buffer.from(`message ${n}`);
    const k = challenge(hashed.rBytes ?? rBytes, hashed.key ?? key, message);
    if (fits(k, challenge(rBytes, key, message)))
      return { key, message, signature: join(rBytes, little((r + k * a) % L)) };
  }
}

/** Whether the parts of small order cancel out: then the equation holds without the cofactor. */
const cancels = (i: number, j: number) => (k: bigint) => (BigInt(j) + k * BigInt(i)) % 8n === 0n;
const remains = (i: number, j: number) => (k: bigint) => !cancels(i, j)(k);

const SOUND = craft({ a: SECRET, r: NONCE });
const withS = ({ key, message, signature }: Case, s: (s: bigint) => bigint): Case => ({
  key,
  message,
  signature: join(signature.subarray(0, 32), little(s(fromLittle(signature.subarray(32))))),
});

/** The 14 encodings of the eight points of small order; the last six are not the canonical ones. */
const SMALL: readonly (readonly [name: string, i: number, encoding: Uint8Array])[] = (() => {
  const canonical = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => [`${i} T`, i, torsion(i).toBytes()] as const);
  const order4 = (sign: number): number => ((torsion(2).toBytes()[31] ?? 0) >> 7 === sign ? 2 : 6);
  const of = (y: bigint, sign: bigint) => little(y + (sign << 255n));
  return [
    ...canonical,
    ['0, y = 1 with a sign', 0, of(1n, 1n)],
    ['0, y = p + 1', 0, of(P + 1n, 0n)],
    ['0, y = p + 1 with a sign', 0, of(P + 1n, 1n)],
    ['4 T, y = p − 1 with a sign', 4, of(P - 1n, 1n)],
    ['of order 4, y = p', order4(0), of(P, 0n)],
    ['of order 4, y = p with a sign', order4(1), of(P, 1n)],
  ];
})();
const isCanonical = (encoding: Uint8Array): boolean => SMALL.findIndex(([, , other]) => other === encoding) < 8;

describe('the twelve cases of "Taming the many EdDSAs"', () => {
  const [i, j] = [3, 5];
  const [, , negativeZero] = SMALL[10] as (typeof SMALL)[number];
  const zero = Point.ZERO.toBytes();
  const [, weak, weakKey] = SMALL[12] as (typeof SMALL)[number];
  const canonicalWeak = torsion(weak).toBytes();
  const isOdd = (k: bigint): boolean => k % 4n !== 0n;
  const CASES: readonly (readonly [string, Case, readonly Judge[]])[] = [
    ['0: A and R of small order, S = 0', craft({ a: 0n, i, r: 0n, j, fits: cancels(i, j) }), WEAK_KEY],
    ['1: A of small order, R mixed', craft({ a: 0n, i, r: NONCE, j, fits: cancels(i, j) }), WEAK_KEY],
    ['2: A mixed, R of small order', craft({ a: SECRET, i, r: 0n, j, fits: cancels(i, j) }), WEAK_R],
    ['3: A and R mixed, the small parts cancel out', craft({ a: SECRET, i, r: NONCE, j, fits: cancels(i, j) }), ALL],
    ['4: A and R mixed, they do not', craft({ a: SECRET, i, r: NONCE, j, fits: remains(i, j) }), COFACTORED],
    ['5: A mixed, R of order L', craft({ a: SECRET, i, r: NONCE, fits: remains(i, 0) }), COFACTORED],
    ['6: S + L', withS(SOUND, (s) => s + L), NOBODY],
    ['7: S far above L', withS(SOUND, (s) => s + 14n * L), NOBODY],
    [
      '8: R not canonical, its canonical form was hashed',
      craft({ a: SECRET, r: 0n, rBytes: negativeZero, hashed: { rBytes: zero } }),
      NOBODY,
    ],
    ['9: R not canonical, hashed as it is', craft({ a: SECRET, r: 0n, rBytes: negativeZero }), ZIP215],
    [
      '10: A not canonical, its canonical form was hashed',
      craft({ a: 0n, r: NONCE, key: weakKey, hashed: { key: canonicalWeak }, fits: (s, v) => !isOdd(s) && isOdd(v) }),
      ZIP215,
    ],
    [
      '11: A not canonical, hashed as it is',
      craft({ a: 0n, r: NONCE, key: weakKey, fits: (k) => !isOdd(k) }),
      WEAK_KEY,
    ],
  ];
  test.each(CASES)('%s', (_name, theCase, judges) => {
    expect(accepting(theCase)).toEqual(judges);
  });
});

describe('points of small order, in all 14 encodings', () => {
  test.each(SMALL)('as A, in a signature that holds without a cofactor: %s', (_name, i, key) => {
    expect(accepting(craft({ a: 0n, r: NONCE, key, fits: cancels(i, 0) }))).toEqual(WEAK_KEY);
  });
  test.each(SMALL)('as R, in a signature that holds but for that: %s', (_name, _j, rBytes) => {
    expect(accepting(craft({ a: SECRET, r: 0n, rBytes }))).toEqual(isCanonical(rBytes) ? WEAK_R : ZIP215);
  });
});

describe('keys and signatures that are written in another way', () => {
  const ys = Array.from({ length: 19 }, (_, above) => P + BigInt(above));
  const encodings = ys.flatMap((y) => [0n, 1n].map((sign) => little(y + (sign << 255n))));
  test('A with y at or above p: refused by us, whatever the signature says', () => {
    for (const key of encodings) {
      const judges = accepting({ ...SOUND, key });
      expect(judges).toEqual(NOBODY);
    }
  });
  test('R with y at or above p: refused by us, whatever A is', () => {
    for (const rBytes of encodings) {
      const { key, message } = SOUND;
      const signature = join(rBytes, little((challenge(rBytes, key, message) * SECRET) % L));
      expect(accepting({ key, message, signature }).filter((judge) => judge !== 'zip215')).toEqual(NOBODY);
    }
  });
  test('bytes that are no point, as A and as R', () => {
    const isPoint = (bytes: Uint8Array): boolean => {
      try {
        return Point.fromBytes(bytes) instanceof Point;
      } catch {
        return false;
      }
    };
    const none = Array.from({ length: 60 }, (_, y) => little(BigInt(y))).filter((bytes) => !isPoint(bytes));
    expect(none.length).toBeGreaterThan(20);
    for (const bytes of none) {
      expect(accepting({ ...SOUND, key: bytes })).toEqual(NOBODY);
      expect(accepting({ ...SOUND, signature: join(bytes, SOUND.signature.subarray(32)) })).toEqual(NOBODY);
    }
  });
});

describe('S', () => {
  const zero = Point.ZERO.toBytes();
  test.each([1n, 2n, 3n, 7n, 15n])('S + %s L says the same and is refused', (times) => {
    expect(accepting(withS(SOUND, (s) => s + times * L))).toEqual(NOBODY);
  });
  test.each([253n, 254n, 255n])('with bit %s set', (bit) => {
    expect(accepting(withS(SOUND, (s) => s | (1n << bit)))).toEqual(NOBODY);
  });
  test.each([L, L - 1n, L + 1n, 2n ** 256n - 1n, P, 0n, 1n])('made up: %s', (s) => {
    expect(accepting(withS(SOUND, () => s))).toEqual(NOBODY);
  });
  test('L in place of 0, where 0 would hold', () => {
    const key = TORSION.toBytes();
    const message = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's', 't']
      .map((text) => Buffer.from(text.repeat(3)))
      .find((each) => challenge(zero, key, each) % 8n === 0n);
    const theCase = { key, message: message ?? Buffer.alloc(0), signature: join(zero, little(0n)) };
    expect(accepting(theCase)).toEqual(WEAK_KEY);
    expect(accepting(withS(theCase, () => L))).toEqual(NOBODY);
  });
});

describe('what is too short, too long, or something else', () => {
  const { key, message, signature } = SOUND;
  const long = join(signature, signature, signature);
  test('the sound case itself is accepted by everybody', () => {
    expect(accepting(SOUND)).toEqual(ALL);
  });
  test.each([0, 1, 31, 32, 33, 63, 65, 96, 128, 192])('a signature of %s bytes', (length) => {
    expect(accepting({ ...SOUND, signature: long.subarray(0, length) })).toEqual(NOBODY);
  });
  test.each([0, 1, 31, 33, 57, 64])('a key of %s bytes', (length) => {
    expect(accepting({ ...SOUND, key: join(key, key).subarray(0, length) })).toEqual(NOBODY);
  });
  test('a signature of zeros, of ones, with its halves swapped, or with R or S alone', () => {
    const [r, s, none] = [signature.subarray(0, 32), signature.subarray(32), new Uint8Array(32)];
    for (const each of [join(none, none), new Uint8Array(64).fill(255), join(s, r), join(r, none), join(none, s)])
      expect(accepting({ ...SOUND, signature: each })).toEqual(NOBODY);
  });
  test('another key, another message, the negative key, the signature of another message', () => {
    const other = craft({ a: SECRET + 1n, r: NONCE });
    const said = craft({ a: SECRET, r: NONCE + 1n, fits: (k) => k % 2n === 0n });
    expect(accepting({ ...SOUND, key: other.key })).toEqual(NOBODY);
    expect(accepting({ ...SOUND, key: key.with(31, (key[31] ?? 0) ^ 0x80) })).toEqual(NOBODY);
    for (const text of ['', 'message', 'message 0 ', 'Message 0'])
      expect(accepting({ ...SOUND, message: Buffer.from(text) })).toEqual(NOBODY);
    expect(accepting({ key, message: join(message, message), signature: said.signature })).toEqual(NOBODY);
  });
  test('one bit wrong, wherever it is in signature, key or message', () => {
    const flipped = (bytes: Uint8Array): Uint8Array[] =>
      Array.from({ length: 8 * bytes.length }, (_, bit) =>
        bytes.with(bit >> 3, (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7))),
      );
    const cases = [
      ...flipped(signature).map((bent) => ({ key, message, signature: bent })),
      ...flipped(key).map((bent) => ({ key: bent, message, signature })),
      ...flipped(message).map((bent) => ({ key, message: bent, signature })),
    ];
    expect(cases).toHaveLength(512 + 256 + 8 * message.length);
    for (const theCase of cases) expect([JUDGES.ours(theCase), JUDGES.pure(theCase)]).toEqual([false, false]);
  });
});

test('what is signed by the rules is accepted by everybody, whatever the seed and the length of the message', () => {
  for (let n = 0; n < 40; n++) {
    const seed = createHash('sha256').update(`seed ${n}`).digest();
    const message = Buffer.alloc(7 * n, n);
    const key = signer(seed);
    const theCase = { key: hex(key.id), message, signature: Uint8Array.from(key.sign(message)) };
    expect(theCase.signature).toEqual(noble.sign(message, seed));
    expect(accepting(theCase)).toEqual(ALL);
  }
});
