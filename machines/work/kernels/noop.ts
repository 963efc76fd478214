// The kernel that computes nothing: its result names the sub-unit, so throughput is measured without a workload.
import { sha256 as pureSha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import type { Sha256 } from '#machines/primitives/seeded-draw.ts';
import { RESULT_BYTES } from '#machines/work/kernels/kernel.ts';

const TAG = utf8ToBytes('noop/v1');

/** For each index: SHA-256("noop/v1" | start, 128 bits big-endian | index, 32 bits big-endian), then zeros up to 64 bytes. */
export function noopResults(
  start: bigint,
  indices: readonly number[],
  sha256: Sha256 = pureSha256,
): Uint8Array<ArrayBuffer>[] {
  const input = new Uint8Array(TAG.length + 20);
  input.set(TAG);
  const view = new DataView(input.buffer, TAG.length);
  view.setBigUint64(0, start >> 64n);
  view.setBigUint64(8, BigInt.asUintN(64, start));
  return indices.map((index) => {
    view.setUint32(16, index);
    const result = new Uint8Array(RESULT_BYTES);
    result.set(sha256(input));
    return result;
  });
}
