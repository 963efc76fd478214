// Exit codes of the verifier: which kind of refusal a bundle met. Documented in docs/protocol/settlement.md; never reused.
import type { Code, Result } from '#schemas/wire/codes.ts';

/** Exit code of the command for an outcome: 2 bad hash or record, 3 bad quorum, 5 not zero-sum, 1 nothing was checked. */
export function verifyExitCode(outcome: Result<unknown>): number {
  if (outcome.ok) return 0;
  if (outcome.code === 'BUNDLE_UNREADABLE') return 1;
  if (outcome.code === 'RECORD_NOT_ZERO_SUM') return 5;
  return QUORUM_CODES.has(outcome.code) ? 3 : 2;
}

const QUORUM_CODES: ReadonlySet<Code> = new Set<Code>([
  'POLICY_MALFORMED',
  'POLICY_NOT_TRUSTED',
  'COSIGN_ORIGIN_WRONG',
  'COSIGNER_UNKNOWN',
  'COSIGNER_REPEATED',
  'COSIGNATURE_INVALID',
  'CHECKPOINT_MALFORMED',
  'QUORUM_SHORT',
]);
