// The evidence file: a fork as its finder saw it, for whoever has the genesis file. JSON; statements are hex as they were signed.
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { z } from 'zod';
import { accept, type Result, refuse } from '../wire/codes.ts';
import { Height } from '../wire/fields.ts';
import { MAX_CONFLICT_VOTES, MAX_EVIDENCE_FILE_BYTES, MAX_HANDOVERS_BYTES, MAX_VALIDATORS } from '../wire/limits.ts';
import { decodeCertificate, encodeCertificate } from './certificate-codec.ts';
import { LayoutReader, LayoutWriter } from './fixed-layout.ts';
import { decodeHandovers, encodeHandovers, type Handover } from './handover-codec.ts';
import type { Certificate, CommitConflict, SignedVote } from './types.ts';
import { readSignedVote, SIGNED_STATEMENT_BYTES, writeSignedVote } from './vote-codec.ts';

/** Hex digits of a certificate with a vote of every member: its head is 47 bytes. */
const MAX_CERTIFICATE_HEX = 2 * (64 + MAX_VALIDATORS * SIGNED_STATEMENT_BYTES);
const Hex = z.string().regex(/^([0-9a-f]{2})*$/);
const CertificateHex = Hex.max(MAX_CERTIFICATE_HEX);

/** Who is accused is not in it: that follows from the statements and the genesis (machines/consensus/accountability.ts). */
const EvidenceFileJson = z.strictObject({
  v: z.literal(1),
  kind: z.literal('conflicting_commits'),
  /** SHA-256 of the genesis, hex. */
  chain: z.string().regex(/^[0-9a-f]{64}$/),
  height: Height,
  /** Commit certificates (schemas/consensus/certificate-codec.ts). */
  first: CertificateHex,
  second: CertificateHex,
  /** Signed votes, `statement 59 | signature 64` each. */
  votes: z.array(Hex.length(2 * SIGNED_STATEMENT_BYTES)).max(MAX_CONFLICT_VOTES),
  /** How the chain was handed over from set to set up to that of the height (handover-codec.ts), as far as its writer knows. */
  handovers: Hex.max(2 * MAX_HANDOVERS_BYTES),
});

/** What an evidence file says, its statements not checked yet. */
export type EvidenceFile = {
  readonly chain: string;
  readonly conflict: CommitConflict;
  /** In order of epochs; none where the genesis' set decided the height. */
  readonly handovers: readonly Handover[];
};

/** The text of the file. */
export function encodeEvidenceFile({ chain, conflict, handovers }: EvidenceFile): string {
  const { first, second, votes } = conflict;
  const file: z.infer<typeof EvidenceFileJson> = {
    v: 1,
    kind: 'conflicting_commits',
    chain,
    height: first.height,
    first: certificateHex(first),
    second: certificateHex(second),
    votes: votes.map(voteHex),
    handovers: bytesToHex(encodeHandovers(handovers)),
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** Its shape only; whether it proves anything is `checkConflict`'s to say. Refusal: EVIDENCE_FILE_MALFORMED. */
export function decodeEvidenceFile(text: string): Result<EvidenceFile> {
  if (text.length > MAX_EVIDENCE_FILE_BYTES) return malformed(`more than ${MAX_EVIDENCE_FILE_BYTES} bytes`);
  const parsed = EvidenceFileJson.safeParse(jsonOf(text));
  if (!parsed.success) return malformed(parsed.error.issues[0]?.path.join('.') || 'not an object of this version');
  const { chain, height, ...hex } = parsed.data;
  const first = decodeCertificate(hexToBytes(hex.first));
  const second = decodeCertificate(hexToBytes(hex.second));
  const votes = hex.votes.flatMap((vote) => voteOf(vote) ?? []);
  const handovers = decodeHandovers(hexToBytes(hex.handovers));
  if (!first.ok || !second.ok || votes.length < hex.votes.length) return malformed('a statement');
  if (!handovers.ok) return malformed('handovers');
  if (first.value.height !== height || second.value.height !== height) return malformed('height');
  const conflict = { first: first.value, second: second.value, votes };
  return accept({ chain, conflict, handovers: handovers.value });
}

const malformed = (detail: string): Result<never> => refuse('EVIDENCE_FILE_MALFORMED', detail);
const certificateHex = (certificate: Certificate): string => bytesToHex(encodeCertificate(certificate));
const voteHex = (vote: SignedVote): string =>
  bytesToHex(writeSignedVote(new LayoutWriter(SIGNED_STATEMENT_BYTES), vote).bytes);

function voteOf(hex: string): SignedVote | undefined {
  const reader = new LayoutReader(hexToBytes(hex));
  const vote = readSignedVote(reader);
  return reader.isDone ? vote : undefined;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
