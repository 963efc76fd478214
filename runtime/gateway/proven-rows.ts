// Ledger rows with their inclusion proofs, in bytes as a gateway stores them and in hex as they leave it.
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { z } from 'zod';
import type { StateProof } from '#machines/primitives/state-tree.ts';
import type { ProvenRow } from '#machines/settlement/ledger.ts';
import { bytesUpTo, Hash } from '#schemas/wire/fields.ts';
import { MAX_MESSAGE_BYTES } from '#schemas/wire/limits.ts';
import type { ProvenRowJson } from '#schemas/work/draw-bundle.ts';

const HASH_BYTES = 32;
/** A path through the state's tree has at most a branch for each bit of a hash. */
const MAX_SIBLINGS_BYTES = 256 * HASH_BYTES;

/** A proven row as it is stored, its sibling hashes one after another; the state root that it stands under is kept beside it. */
export const StoredRow = z.strictObject({
  key: z.string(),
  value: bytesUpTo(MAX_MESSAGE_BYTES).nullable(),
  siblings: bytesUpTo(MAX_SIBLINGS_BYTES),
  other: z.strictObject({ path: Hash, value_hash: Hash }).nullable(),
});
export type StoredRow = z.infer<typeof StoredRow>;

export const storedRow = ({ key, value, proof }: ProvenRow): StoredRow => ({
  key,
  value,
  siblings: Buffer.concat(proof.siblings),
  other: proof.other,
});

export const rowToJson = ({ key, value, siblings, other }: StoredRow): ProvenRowJson => ({
  key,
  value: value === null ? null : bytesToHex(value),
  siblings: Array.from({ length: siblings.length / HASH_BYTES }, (_, i) =>
    bytesToHex(siblings.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES)),
  ),
  other: other === null ? null : { path: bytesToHex(other.path), value_hash: bytesToHex(other.value_hash) },
});

/** The value and its proof, as `verifyState` takes them. */
export function rowFromJson({ value, siblings, other }: ProvenRowJson): {
  readonly value: Uint8Array | null;
  readonly proof: StateProof;
} {
  return {
    value: value === null ? null : hexToBytes(value),
    proof: {
      siblings: siblings.map((hash) => hexToBytes(hash)),
      other: other === null ? null : { path: hexToBytes(other.path), value_hash: hexToBytes(other.value_hash) },
    },
  };
}
