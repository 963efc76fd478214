// Names and ranges of jobs and units.
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { writeFixed, writeHex, writeU32 } from '../primitives/bytes.ts';
import { remembering } from '../primitives/remembering.ts';
import type { Sha256 } from '../primitives/seeded-draw.ts';

/** Id of the job that `account` submits under this key: the first 16 bytes of SHA-256(account 32 | key), hex. */
export const jobId = (account: string, idempotency_key: string, sha256: Sha256): string =>
  bytesToHex(sha256(concatBytes(hexToBytes(account), utf8ToBytes(idempotency_key))).subarray(0, 16));

/** `<job>/<index>`, index from 0. */
export const unitId = (job: string, index: number): string => `${job}/${index}`;

/** The job that a unit belongs to. */
export const jobOf: (unit: string) => string = remembering((unit) => unit.slice(0, unit.indexOf('/')));

/** The 32 bytes of a worker's id. */
export const idBytes: (id: string) => Uint8Array = remembering(hexToBytes);

/** Hex digits of a job's id, and the bytes of a unit's place and an attempt's. */
const JOB_DIGITS = 32;
const UNIT_BYTES = 20;
export const PLACE_BYTES = 24;

/** The place of a unit in its job, from 0. */
export const indexOf = (unit: string): number => Number(unit.slice(JOB_DIGITS + 1));

/** The place of an attempt in seeds and commitments: job 16 | index u32 | attempt u32, big-endian. */
export function writePlace(out: Uint8Array, at: number, unit: string, attempt: number): void {
  writeFixed(out, at, placeOf(unit), UNIT_BYTES);
  writeU32(out, at + UNIT_BYTES, attempt);
}

const placeOf = remembering((unit) => {
  const place = new Uint8Array(UNIT_BYTES);
  writeHex(place, 0, unit, JOB_DIGITS);
  writeU32(place, JOB_DIGITS / 2, indexOf(unit));
  return place;
});

/**
 * First number of a unit of a job that begins at `start` with units of 2^unit_log2 numbers; 16 bytes big-endian. Added byte
 * by byte with a carry, from the byte that 2^unit_log2 falls into: for numbers of 128 bits it would take ten times as long.
 */
export function unitStart(job: { readonly start: Uint8Array; readonly unit_log2: number }, unit: string): Uint8Array {
  const first = new Uint8Array(job.start);
  let carry = indexOf(unit) * 2 ** (job.unit_log2 % 8);
  for (let at = first.length - 1 - Math.floor(job.unit_log2 / 8); carry > 0 && at >= 0; at--) {
    carry += first[at] as number;
    first[at] = carry;
    carry = Math.floor(carry / 256);
  }
  return first;
}
