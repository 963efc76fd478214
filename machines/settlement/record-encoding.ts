// A settlement record as strict DAG-CBOR, and the CID that follows from it: what the archive stores and the ledger checks.
// By hand: the shape is fixed, and below the runtime there is no CBOR library. A test holds it to the one that reads it.
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import type { SettlementRecord } from '#schemas/settlement/record.ts';
import { assert } from '../primitives/assert.ts';
import type { Sha256 } from '../primitives/seeded-draw.ts';

/** CIDv1, dag-cbor, sha2-256, 32 bytes: what comes before the digest. */
const CID_PREFIX = Uint8Array.of(0x01, 0x71, 0x12, 0x20);
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** The record's bytes: the leaf of the log and the block of the archive. Keys by length, then by letter (DAG-CBOR, Strictness). */
export function encodeRecord({ v, t, net, seq, epoch, prev, entries, stateRoot, ev }: SettlementRecord): Uint8Array {
  const lines = entries.map(({ a, k, d }) =>
    map([
      ['a', text(a)],
      ['d', whole(d)],
      ['k', text(k)],
    ]),
  );
  return map([
    ['t', text(t)],
    ['v', whole(BigInt(v))],
    ['ev', list(ev.map(link))],
    ['net', text(net)],
    ['seq', whole(BigInt(seq))],
    ['prev', prev === null ? NULL : link(prev)],
    ['epoch', whole(BigInt(epoch))],
    ['entries', list(lines)],
    ['stateRoot', byteString(stateRoot)],
  ]);
}

/** Where the record lies in the archive, as lower-case base32 (multibase b). */
export const recordCid = (record: SettlementRecord, sha256: Sha256): string =>
  `b${toBase32(concatBytes(CID_PREFIX, sha256(encodeRecord(record))))}`;

/** Major types and simple values (RFC 8949 §3.1). */
const UNSIGNED = 0;
const NEGATIVE = 1;
const BYTES = 2;
const TEXT = 3;
const LIST = 4;
const MAP = 5;
const TAG = 6;
const NULL = Uint8Array.of(0xf6);
/** A link: tag 42 over the CID's bytes with a leading zero (DAG-CBOR, Links). */
const LINK_TAG = 42n;

/** Type and argument in the shortest form. */
function head(major: number, argument: bigint): Uint8Array {
  if (argument < 24n) return Uint8Array.of((major << 5) | Number(argument));
  const log2 = argument < 1n << 8n ? 0 : argument < 1n << 16n ? 1 : argument < 1n << 32n ? 2 : 3;
  const size = 1 << log2;
  const out = new Uint8Array(1 + size);
  out[0] = (major << 5) | (24 + log2);
  for (let i = 0; i < size; i++) out[size - i] = Number((argument >> BigInt(8 * i)) & 0xffn);
  return out;
}

const whole = (n: bigint): Uint8Array => (n >= 0n ? head(UNSIGNED, n) : head(NEGATIVE, -1n - n));
const byteString = (bytes: Uint8Array): Uint8Array => concatBytes(head(BYTES, BigInt(bytes.length)), bytes);
const list = (items: readonly Uint8Array[]): Uint8Array => concatBytes(head(LIST, BigInt(items.length)), ...items);
const link = (cid: string): Uint8Array =>
  concatBytes(head(TAG, LINK_TAG), byteString(concatBytes(Uint8Array.of(0), fromBase32(cid.slice(1)))));
const map = (fields: readonly (readonly [key: string, value: Uint8Array])[]): Uint8Array =>
  concatBytes(head(MAP, BigInt(fields.length)), ...fields.flatMap(([key, value]) => [text(key), value]));

function text(value: string): Uint8Array {
  const bytes = utf8ToBytes(value);
  return concatBytes(head(TEXT, BigInt(bytes.length)), bytes);
}

/** RFC 4648 §6, lower case, without padding. */
function toBase32(bytes: Uint8Array): string {
  let out = '';
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff;
    for (bits += 8; bits >= 5; bits -= 5) out += BASE32[(held >> (bits - 5)) & 31];
  }
  return bits === 0 ? out : out + BASE32[(held << (5 - bits)) & 31];
}

function fromBase32(chars: string): Uint8Array {
  const out: number[] = [];
  let held = 0;
  let bits = 0;
  for (const char of chars) {
    const digit = BASE32.indexOf(char);
    assert(digit >= 0, `a CID is base32, not ${char}`);
    held = ((held << 5) | digit) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    out.push((held >> bits) & 0xff);
  }
  return Uint8Array.from(out);
}
