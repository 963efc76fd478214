// Certificates in fixed bytes: type u8 | height u64 | round u32 | value 32 | count u16 | signed vote*.
import { accept, type Result, refuse } from '../wire/codes.ts';
import { MAX_VALIDATORS } from '../wire/limits.ts';
import { HASH_BYTES, LayoutReader, LayoutWriter } from './fixed-layout.ts';
import type { Certificate } from './types.ts';
import { readSignedVote, SIGNED_STATEMENT_BYTES, writeSignedVote } from './vote-codec.ts';

const TYPES = ['polka', 'commit', 'skip'] as const;
const CERTIFICATE_FIXED_BYTES = 1 + 8 + 4 + HASH_BYTES + 2;

/** Bytes of a certificate on the wire. */
export const certificateBytes = (certificate: Certificate): number =>
  CERTIFICATE_FIXED_BYTES + certificate.votes.length * SIGNED_STATEMENT_BYTES;

/** Append a certificate. */
export function writeCertificate(writer: LayoutWriter, certificate: Certificate): LayoutWriter {
  writer.u8(TYPES.indexOf(certificate.type)).u64(certificate.height).u32(certificate.round);
  writer.value(certificate.value).u16(certificate.votes.length);
  for (const vote of certificate.votes) writeSignedVote(writer, vote);
  return writer;
}

/** The next certificate: its shape only; whether it proves anything is `checkCertificate`'s to say. */
export function readCertificate(reader: LayoutReader): Certificate {
  const type = TYPES[reader.u8()];
  const head = { height: reader.u64(), round: reader.u32(), value: reader.value() };
  const count = reader.u16();
  if (type === undefined || count > MAX_VALIDATORS) reader.fail();
  const votes = [];
  for (let i = 0; i < count && !reader.hasFailed; i++) votes.push(readSignedVote(reader));
  return { type: type ?? 'skip', ...head, votes };
}

/** A certificate alone. */
export const encodeCertificate = (certificate: Certificate): Uint8Array =>
  writeCertificate(new LayoutWriter(certificateBytes(certificate)), certificate).bytes;

/** Refuses with CERTIFICATE_INVALID what is not exactly one certificate. */
export function decodeCertificate(bytes: Uint8Array): Result<Certificate> {
  const reader = new LayoutReader(bytes);
  const certificate = readCertificate(reader);
  return reader.isDone ? accept(certificate) : refuse('CERTIFICATE_INVALID', 'bytes');
}
