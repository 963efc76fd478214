// A change of the validator set as it can be proven to whoever knows the set before: in fixed bytes.
import { concatBytes } from '@noble/hashes/utils.js';
import { accept, type Result, refuse } from '../wire/codes.ts';
import { MAX_HANDOVERS_BYTES } from '../wire/limits.ts';
import { MAX_HEADER_BYTES } from './block-codec.ts';
import { certificateBytes, readCertificate, writeCertificate } from './certificate-codec.ts';
import { LayoutReader, LayoutWriter } from './fixed-layout.ts';
import { MAX_MEMBERSHIP_BYTES } from './membership-codec.ts';
import type { Certificate } from './types.ts';

/** The last header of an epoch with its commit certificate, and the membership of the next one, which this header names. */
export type Handover = {
  /** As hashed (block-codec.ts). */
  readonly header: Uint8Array;
  readonly certificate: Certificate;
  /** As hashed (membership-codec.ts). */
  readonly membership: Uint8Array;
};

export const handoverBytes = ({ header, certificate, membership }: Handover): number =>
  4 + header.length + certificateBytes(certificate) + 4 + membership.length;

/** Header, u32 length first | certificate | membership, u32 length first. */
export const writeHandover = (writer: LayoutWriter, { header, certificate, membership }: Handover): LayoutWriter =>
  writeCertificate(writer.sized(header), certificate).sized(membership);

export const readHandover = (reader: LayoutReader): Handover => ({
  header: reader.sized(MAX_HEADER_BYTES),
  certificate: readCertificate(reader),
  membership: reader.sized(MAX_MEMBERSHIP_BYTES),
});

/** One handover alone. */
export const encodeHandover = (handover: Handover): Uint8Array =>
  writeHandover(new LayoutWriter(handoverBytes(handover)), handover).bytes;

/** One after the other, in the order of epochs: of those that are given the newest that MAX_HANDOVERS_BYTES have room for. */
export function encodeHandovers(handovers: readonly Handover[]): Uint8Array {
  let size = 0;
  const first = handovers.findLastIndex((one) => (size += handoverBytes(one)) > MAX_HANDOVERS_BYTES) + 1;
  return concatBytes(...handovers.slice(first).map(encodeHandover));
}

/** Their shape only. Refuses with MEMBERSHIP_MALFORMED. */
export function decodeHandovers(bytes: Uint8Array): Result<readonly Handover[]> {
  const reader = new LayoutReader(bytes);
  const handovers: Handover[] = [];
  if (bytes.length > MAX_HANDOVERS_BYTES) reader.fail();
  while (!reader.isDone && !reader.hasFailed) handovers.push(readHandover(reader));
  return reader.isDone ? accept(handovers) : refuse('MEMBERSHIP_MALFORMED', `${bytes.length} bytes of handovers`);
}
