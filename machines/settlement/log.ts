// The settlement log: leaves are the records' bytes; roots and proofs by RFC 9162, proofs as text by C2SP tlog-proof.
import { inclusionProof, leafHash, merkleRoot, verifyInclusion } from '#machines/primitives/merkle.ts';
import type { Checkpoint } from '#schemas/settlement/checkpoint.ts';
import { accept, type Result, refuse } from '#schemas/wire/codes.ts';
import { MAX_CONSISTENCY_HASHES } from '#schemas/wire/limits.ts';
import { logOrigin } from './checkpoint.ts';
import { fromBase64, toBase64 } from './checkpoint-base64.ts';

const PROOF_HEADER = 'c2sp.org/tlog-proof@v1';

/** The log's state after its first `size` leaves. */
export const checkpointAt = (network: string, leafHashes: readonly Uint8Array[], size: number): Checkpoint => ({
  origin: logOrigin(network),
  size,
  root: merkleRoot(leafHashes.slice(0, size)),
});

/** A record's place in the log with the path to the root, and the cosigned checkpoint it leads to. */
export type LogProof = { readonly index: number; readonly path: readonly Uint8Array[]; readonly checkpoint: string };

/** Prove record `index` in the log of these leaves; `checkpoint` is the cosigned note of exactly this size. */
export const proveRecord = (leafHashes: readonly Uint8Array[], index: number, checkpoint: string): LogProof => ({
  index,
  path: inclusionProof(leafHashes, index),
  checkpoint,
});

/** Write a proof (tlog-proof, Format): header, index, path from the leaf up, empty line, checkpoint verbatim. */
export const formatLogProof = ({ index, path, checkpoint }: LogProof): string =>
  `${PROOF_HEADER}\nindex ${index}\n${path.map((hash) => `${toBase64(hash)}\n`).join('')}\n${checkpoint}`;

/** Read a proof. Extra data is refused: this log has none. */
export function parseLogProof(text: string): Result<LogProof> {
  const divide = text.indexOf('\n\n');
  const [header, indexLine = '', ...hashLines] = text.slice(0, divide).split('\n');
  const [, indexText = ''] = /^index (0|[1-9][0-9]*)$/.exec(indexLine) ?? [];
  const path = hashLines.map(fromBase64).filter((hash) => hash?.length === 32);
  const isShort = hashLines.length <= MAX_CONSISTENCY_HASHES && path.length === hashLines.length;
  if (divide < 0 || header !== PROOF_HEADER || indexText === '' || !isShort) return refuse('PROOF_MALFORMED');
  return accept({ index: Number(indexText), path: path as Uint8Array[], checkpoint: text.slice(divide + 2) });
}

/** Whether `record` is leaf `proof.index` of the log at this checkpoint. */
export const verifyLogProof = (record: Uint8Array, proof: LogProof, checkpoint: Checkpoint): boolean =>
  verifyInclusion(checkpoint.root, checkpoint.size, proof.index, leafHash(record), proof.path);
