// The Merkle tree over the sub-unit results of one unit: what a worker commits to and opens for an audit.
import { present } from '#machines/primitives/assert.ts';
import { inclusionProof, leafHash, leafHashes, merkleRoot, verifyInclusion } from '#machines/primitives/merkle.ts';
import type { Sha256 } from '#machines/primitives/seeded-draw.ts';
import { type KernelName, kernelSpec, RESULT_BYTES } from '#machines/work/kernels/kernel.ts';

/**
 * Merkle root (RFC 9162) over the results of all sub-units in order.
 *
 * @param leaves hashes of the results, from who has them already
 */
export const unitRoot = (
  results: readonly Uint8Array[],
  sha256?: Sha256,
  leaves = leafHashes(results, sha256),
): Uint8Array<ArrayBuffer> => merkleRoot(leaves, sha256);

/** A sub-unit's result, and the proof that it is under the root of its unit: 8 hashes for 256 sub-units. */
export type Opening = [result: Uint8Array, proof: Uint8Array<ArrayBuffer>[]];

/**
 * Open the sub-units of these indices.
 *
 * @param leaves hashes of the results, from who has them already
 * @throws AssertionError when there is no such sub-unit
 */
export function openSubUnits(
  results: readonly Uint8Array[],
  indices: readonly number[],
  sha256?: Sha256,
  leaves = leafHashes(results, sha256),
): Opening[] {
  return indices.map((index) => [
    present(results[index], 'what is opened was computed'),
    inclusionProof(leaves, index, sha256),
  ]);
}

/** Whether `result` is what the unit's worker committed to for sub-unit `index` of `kernel`. */
export function verifySubUnit(
  kernel: KernelName,
  root: Uint8Array,
  index: number,
  result: Uint8Array,
  proof: readonly Uint8Array[],
  sha256?: Sha256,
): boolean {
  if (result.length !== RESULT_BYTES) return false;
  return verifyInclusion(root, kernelSpec(kernel).sub_units_count, index, leafHash(result, sha256), proof, sha256);
}
