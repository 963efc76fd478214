// Whether an answer to "where are you?" may be believed: fresh, by a validator of the set, and no higher than a quorum proves.
import { type Position, positionSignBytes, type SignedPosition } from '#schemas/consensus/position.ts';
import type { Certificate } from '#schemas/consensus/types.ts';
import type { Code } from '#schemas/wire/codes.ts';
import { equalBytes } from '../primitives/bytes.ts';
import { checkCertificate } from './certificate-rules.ts';
import type { Electorate } from './electorate.ts';

/** A position, and the commit certificate of the height before: absent only where that is genesis. */
export type PositionAnswer = { readonly position: SignedPosition; readonly certificate?: Certificate };

/**
 * Null, or why the answer counts for nothing.
 *
 * @param electorate of the position's height
 * @param deciding of the height before, which the certificate is about
 * @param nonce of the question
 */
export function refusePosition(
  electorate: Electorate,
  deciding: Electorate,
  { position, certificate }: PositionAnswer,
  nonce: Uint8Array,
): Code | null {
  const { chain, epoch, validators, crypto } = electorate;
  if (!equalBytes(position.nonce, nonce)) return 'POSITION_STALE';
  if (position.epoch !== epoch) return 'EPOCH_MISMATCH';
  if (validators.every(({ id }) => id !== position.validator)) return 'VALIDATOR_UNKNOWN';
  if (!isOfHeightBefore(position, certificate)) return 'CERTIFICATE_INVALID';
  if (!crypto.verify(position.validator, positionSignBytes(chain, position), position.signature))
    return 'SIGNATURE_INVALID';
  return certificate === undefined ? null : checkCertificate(deciding, certificate);
}

/** Whether the certificate decides the height before: only then can the position's have begun. */
function isOfHeightBefore({ height }: Position, certificate: Certificate | undefined): boolean {
  if (certificate === undefined) return height === 1;
  return certificate.type === 'commit' && certificate.value !== null && certificate.height === height - 1;
}
