// A header and the certificate that makes it final: all that can be told of a block without its body and the state.
import { decodeHeader } from '#schemas/consensus/block-codec.ts';
import type { Certificate, Header } from '#schemas/consensus/types.ts';
import { accept, type Result, refuse } from '#schemas/wire/codes.ts';
import { blockId } from './block-rules.ts';
import { checkCertificate } from './certificate-rules.ts';
import type { Electorate } from './electorate.ts';

/** A header with its block id, hex. */
export type NamedHeader = { readonly id: string; readonly header: Header };

/** Whether the certificate is about this header of this chain; its votes are not looked at. */
export function bindCertificate(
  electorate: Electorate,
  bytes: Uint8Array,
  certificate: Certificate,
): Result<NamedHeader> {
  const decoded = decodeHeader(bytes);
  if (!decoded.ok) return decoded;
  const header = decoded.value;
  const id = blockId(electorate.crypto, bytes);
  if (certificate.type !== 'commit' || certificate.value !== id || certificate.height !== header.height)
    return refuse('CERTIFICATE_INVALID', `height ${header.height}`);
  if (header.chain !== electorate.chain) return refuse('NETWORK_MISMATCH', header.chain);
  return accept({ id, header });
}

/** The header, if a quorum committed to it. Refusals: BLOCK_MALFORMED, NETWORK_MISMATCH, and those of a certificate. */
export function checkCertifiedHeader(
  electorate: Electorate,
  bytes: Uint8Array,
  certificate: Certificate,
): Result<NamedHeader> {
  const bound = bindCertificate(electorate, bytes, certificate);
  if (!bound.ok) return bound;
  const code = checkCertificate(electorate, certificate);
  return code === null ? bound : refuse(code, `height ${bound.value.header.height}`);
}
