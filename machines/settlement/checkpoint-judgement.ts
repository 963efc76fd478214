// Whether a validator may cosign a checkpoint: only what its own ledger gives, and nothing against its earlier word.
import { consistencyProof, merkleRoot, verifyConsistency } from '#machines/primitives/merkle.ts';
import type { CosignRequest } from '#schemas/settlement/cosign.ts';
import type { Code } from '#schemas/wire/codes.ts';
import { checkpointBody, parseCheckpointBody } from './checkpoint.ts';
import { checkpointAt } from './log.ts';

/** A checkpoint that this validator cosigned. */
export type Signed = { readonly size: number; readonly root: Uint8Array };
/** What a validator knows: its own log up to the size asked for, what it signed at that size, and what it signed last. */
export type CosignerView = {
  readonly network: string;
  readonly leaves: readonly Uint8Array[];
  readonly earlier: Signed | undefined;
  readonly last: Signed | undefined;
};

/** Null: sign, or repeat the signature that was given. A code: refuse. */
export function judgeCheckpoint(request: CosignRequest, { network, leaves, earlier, last }: CosignerView): Code | null {
  const body = parseCheckpointBody(request.checkpoint);
  if (!body.ok) return body.code;
  const own = checkpointAt(network, leaves, leaves.length);
  if (body.value.origin !== own.origin) return 'COSIGN_ORIGIN_WRONG';
  const isOwn = request.checkpoint === checkpointBody(own) && isEqual(request.root, own.root);
  if (!isOwn) return earlier === undefined ? 'COSIGN_ROOT_WRONG' : 'COSIGN_FORK';
  if (!extendsOld(request, leaves)) return 'COSIGN_PROOF_INVALID';
  if (earlier !== undefined) return isEqual(earlier.root, own.root) ? null : 'COSIGN_FORK';
  if (last === undefined) return null;
  if (last.size > own.size) return 'COSIGN_STALE';
  return extendsSigned(last, leaves) ? null : 'COSIGN_FORK';
}

/** The archiver's proof, from the size that it thinks was signed last. */
function extendsOld({ old_size, size, root, proof }: CosignRequest, leaves: readonly Uint8Array[]): boolean {
  if (old_size === 0) return proof.length === 0;
  return old_size <= size && verifyConsistency(old_size, merkleRoot(leaves.slice(0, old_size)), size, root, proof);
}

/** The validator's own proof, from what it really signed last. */
const extendsSigned = ({ size, root }: Signed, leaves: readonly Uint8Array[]): boolean =>
  verifyConsistency(size, root, leaves.length, merkleRoot(leaves), consistencyProof(leaves, size));

const isEqual = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);
