// An auditor's report: a digest of what it computed, bound to unit, attempt and auditor, so that copying one is useless.
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { MAX_AUDIT_SUB_UNITS } from '#schemas/wire/limits.ts';
import { assert } from '../primitives/assert.ts';
import { writeFixed } from '../primitives/bytes.ts';
import type { Sha256 } from '../primitives/seeded-draw.ts';
import { RESULT_BYTES } from './kernels/kernel.ts';
import { idBytes, PLACE_BYTES, writePlace } from './units.ts';

const TAG = utf8ToBytes('report/v1');
/** What a digest is the hash of, and where its parts begin; one buffer for all. */
const PLACE_AT = TAG.length;
const AUDITOR_AT = PLACE_AT + PLACE_BYTES;
const RESULTS_AT = AUDITOR_AT + 32;
const input = new Uint8Array(RESULTS_AT + MAX_AUDIT_SUB_UNITS * RESULT_BYTES);
input.set(TAG);

/**
 * SHA-256("report/v1" | job 16 | index u32 | attempt u32 | auditor 32 | result 64 of each audited sub-unit), numbers big-endian.
 *
 * @param auditor id of the auditor, hex
 * @param results of the audited sub-units in the order of the audit's indices, at most MAX_AUDIT_SUB_UNITS
 */
export function reportDigest(
  auditor: string,
  { unit, attempt }: { readonly unit: string; readonly attempt: number },
  results: readonly Uint8Array[],
  sha256: Sha256,
): Uint8Array {
  assert(results.length <= MAX_AUDIT_SUB_UNITS, 'an audit looks at a few sub-units');
  writePlace(input, PLACE_AT, unit, attempt);
  writeFixed(input, AUDITOR_AT, idBytes(auditor), 32);
  results.forEach((result, i) => writeFixed(input, RESULTS_AT + i * RESULT_BYTES, result, RESULT_BYTES));
  return sha256(input.subarray(0, RESULTS_AT + results.length * RESULT_BYTES));
}
