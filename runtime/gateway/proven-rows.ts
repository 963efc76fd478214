// Ledger rows with their inclusion proofs, in bytes as a gateway stores them and in hex as they leave it.
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { z } from 'zod';
import type { StateProof } from '#machines/primitives/state-tree.ts';
import type { ProvenRow } from '#machines/settlement/ledger.ts';
import { bytesUpTo } from '#schemas/wire/fields.ts';
import { MAX_MESSAGE_BYTES, MAX_ROW_KEY_LENGTH } from '#schemas/wire/limits.ts';
import type { ProvenRowJson } from '#schemas/work/draw-bundle.ts';

/** A step is its bit in two bytes, big-endian, and the hash beside the way. */
const STEP_BYTES = 34;
/** The way to a row turns at each bit of its key at most. */
const MAX_STEPS_BYTES = 8 * MAX_ROW_KEY_LENGTH * STEP_BYTES;

/** A proven row as it is stored, its steps one after another; the state root that it stands under is kept beside it. */
export const StoredRow = z.strictObject({
  key: z.string(),
  value: bytesUpTo(MAX_MESSAGE_BYTES).nullable(),
  steps: bytesUpTo(MAX_STEPS_BYTES),
  other: z.strictObject({ key: z.string(), value: bytesUpTo(MAX_MESSAGE_BYTES) }).nullable(),
});
export type StoredRow = z.infer<typeof StoredRow>;

export const storedRow = ({ key, value, proof: { steps, other } }: ProvenRow): StoredRow => ({
  key,
  value,
  steps: Buffer.concat(steps.flatMap(({ bit, sibling }) => [Uint8Array.of(bit >> 8, bit), sibling])),
  other,
});

export const rowToJson = ({ key, value, steps, other }: StoredRow): ProvenRowJson => ({
  key,
  value: value === null ? null : bytesToHex(value),
  steps: Array.from({ length: steps.length / STEP_BYTES }, (_, i) => {
    const [high = 0, low = 0, ...sibling] = steps.subarray(i * STEP_BYTES, (i + 1) * STEP_BYTES);
    return { bit: 256 * high + low, sibling: bytesToHex(Uint8Array.from(sibling)) };
  }),
  other: other === null ? null : { key: other.key, value: bytesToHex(other.value) },
});

/** The value and its proof, as `verifyState` takes them. */
export function rowFromJson({ value, steps, other }: ProvenRowJson): {
  readonly value: Uint8Array | null;
  readonly proof: StateProof;
} {
  return {
    value: value === null ? null : hexToBytes(value),
    proof: {
      steps: steps.map(({ bit, sibling }) => ({ bit, sibling: hexToBytes(sibling) })),
      other: other === null ? null : { key: other.key, value: hexToBytes(other.value) },
    },
  };
}
