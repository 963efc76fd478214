// Ledger rows with their inclusion proofs, in bytes as the ledger proves them and in hex as they leave the gateway.
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import type { StateProof } from '#machines/primitives/state-tree.ts';
import type { ProvenRow } from '#machines/settlement/ledger.ts';
import type { ProvenRowJson } from '#schemas/work/draw-bundle.ts';

export const rowToJson = ({ key, value, proof: { steps, other } }: ProvenRow): ProvenRowJson => ({
  key,
  value: value === null ? null : bytesToHex(value),
  steps: steps.map(({ bit, sibling }) => ({ bit, sibling: bytesToHex(sibling) })),
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
