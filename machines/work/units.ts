// Names and ranges of jobs and units.
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { fromU128, u128 } from '#schemas/wire/fields.ts';
import { writeHex, writeU32 } from '../primitives/bytes.ts';
import type { Sha256 } from '../primitives/seeded-draw.ts';

/** Id of the job that `account` submits under this key: the first 16 bytes of SHA-256(account 32 | key), hex. */
export const jobId = (account: string, idempotency_key: string, sha256: Sha256): string =>
  bytesToHex(sha256(concatBytes(hexToBytes(account), utf8ToBytes(idempotency_key))).subarray(0, 16));

/** `<job>/<index>`, index from 0. */
export const unitId = (job: string, index: number): string => `${job}/${index}`;

/** The job that a unit belongs to. */
export const jobOf = (unit: string): string => unit.slice(0, unit.indexOf('/'));

/** Hex digits of a job's id, and the bytes of an attempt's place. */
const JOB_DIGITS = 32;
export const PLACE_BYTES = 24;

/** The place of an attempt in seeds and commitments: job 16 | index u32 | attempt u32, big-endian. */
export function writePlace(out: Uint8Array, at: number, unit: string, attempt: number): void {
  writeHex(out, at, unit, JOB_DIGITS);
  writeU32(out, at + 16, Number(unit.slice(JOB_DIGITS + 1)));
  writeU32(out, at + 20, attempt);
}

/** First number of a unit of a job that begins at `start` with units of 2^unit_log2 numbers; 16 bytes big-endian. */
export function unitStart(job: { readonly start: Uint8Array; readonly unit_log2: number }, unit: string): Uint8Array {
  const index = BigInt(unit.slice(unit.indexOf('/') + 1));
  return u128(fromU128(job.start) + (index << BigInt(job.unit_log2)));
}
