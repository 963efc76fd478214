// Evidence in bytes: each half is one signed statement, `statement 59 | signature 64`, as its author signed it.
import { LayoutWriter } from './fixed-layout.ts';
import type { Evidence, SignedProposal, SignedVote } from './types.ts';
import { SIGNED_STATEMENT_BYTES, writeSignedProposal, writeSignedVote } from './vote-codec.ts';

/** Two statements as bytes, the smaller first, so that the same offence always reads the same. */
export type EvidenceBytes = { readonly a: Uint8Array; readonly b: Uint8Array };

/** The signed statements that `evidence` transactions carry. */
export function encodeEvidence(evidence: Evidence): EvidenceBytes {
  const [a, b] =
    evidence.type === 'double_proposal'
      ? [proposalBytes(evidence.a), proposalBytes(evidence.b)]
      : [voteBytes(evidence.a), voteBytes(evidence.b)];
  return compareBytes(a, b) <= 0 ? { a, b } : { a: b, b: a };
}

const voteBytes = (vote: SignedVote): Uint8Array =>
  writeSignedVote(new LayoutWriter(SIGNED_STATEMENT_BYTES), vote).bytes;
const proposalBytes = (proposal: SignedProposal): Uint8Array =>
  writeSignedProposal(new LayoutWriter(SIGNED_STATEMENT_BYTES), proposal).bytes;

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const at = a.findIndex((byte, i) => byte !== b[i]);
  return at === -1 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}
