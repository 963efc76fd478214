// A fork in bytes: commit certificate | commit certificate | count u16 | signed vote*.
import { MAX_CONFLICT_VOTES } from '../wire/limits.ts';
import { certificateBytes, readCertificate, writeCertificate } from './certificate-codec.ts';
import type { LayoutReader, LayoutWriter } from './fixed-layout.ts';
import type { CommitConflict } from './types.ts';
import { readSignedVote, SIGNED_STATEMENT_BYTES, writeSignedVote } from './vote-codec.ts';

/** Bytes of a conflict on the wire: at most 0.2 MB. */
export const conflictBytes = ({ first, second, votes }: CommitConflict): number =>
  certificateBytes(first) + certificateBytes(second) + 2 + votes.length * SIGNED_STATEMENT_BYTES;

/** Append a conflict. */
export function writeConflict(writer: LayoutWriter, { first, second, votes }: CommitConflict): LayoutWriter {
  writeCertificate(writeCertificate(writer, first), second).u16(votes.length);
  for (const vote of votes) writeSignedVote(writer, vote);
  return writer;
}

/** The next conflict: its shape only; whether it proves anything is `checkConflicts`' to say. */
export function readConflict(reader: LayoutReader): CommitConflict {
  const first = readCertificate(reader);
  const second = readCertificate(reader);
  const count = reader.u16();
  if (count > MAX_CONFLICT_VOTES) reader.fail();
  const votes = [];
  for (let i = 0; i < count && !reader.hasFailed; i++) votes.push(readSignedVote(reader));
  return { first, second, votes };
}
