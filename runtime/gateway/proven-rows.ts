// Headers and ledger rows with what proves them: in bytes as they are made and checked, in hex as they leave the gateway.
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { checkCertifiedHeader, type NamedHeader } from '#machines/consensus/certified-header.ts';
import type { Electorate } from '#machines/consensus/electorate.ts';
import type { Crypto } from '#machines/consensus/types.ts';
import { verifyState } from '#machines/primitives/state-tree.ts';
import type { ProvenRow } from '#machines/settlement/ledger.ts';
import { decodeCertificate, encodeCertificate } from '#schemas/consensus/certificate-codec.ts';
import type { CertifiedHeaderJson, HandoverJson } from '#schemas/consensus/certified-header.ts';
import type { Handover } from '#schemas/consensus/handover-codec.ts';
import type { FinalBlock } from '#schemas/consensus/types.ts';
import type { ProvenRowJson } from '#schemas/settlement/proven-row.ts';
import { accept, type Result } from '#schemas/wire/codes.ts';

/** The header of a final block with its certificate. */
export const headerToJson = ({ block, certificate }: FinalBlock): CertifiedHeaderJson => ({
  header: bytesToHex(block.header),
  certificate: bytesToHex(encodeCertificate(certificate)),
});

/** The header, if a quorum committed to it. Refusals as of `checkCertifiedHeader`. */
export function readCertifiedHeader(electorate: Electorate, json: CertifiedHeaderJson): Result<NamedHeader> {
  const certificate = decodeCertificate(hexToBytes(json.certificate));
  return certificate.ok ? checkCertifiedHeader(electorate, hexToBytes(json.header), certificate.value) : certificate;
}

export const handoverToJson = ({ header, certificate, membership }: Handover): HandoverJson => ({
  header: bytesToHex(header),
  certificate: bytesToHex(encodeCertificate(certificate)),
  membership: bytesToHex(membership),
});

/** Refusal: CERTIFICATE_INVALID. Nothing else is looked at. */
export function readHandoverJson({ header, certificate, membership }: HandoverJson): Result<Handover> {
  const decoded = decodeCertificate(hexToBytes(certificate));
  if (!decoded.ok) return decoded;
  return accept({ header: hexToBytes(header), certificate: decoded.value, membership: hexToBytes(membership) });
}

export const rowToJson = ({ key, value, proof: { steps, other } }: ProvenRow): ProvenRowJson => ({
  key,
  value: value === null ? null : bytesToHex(value),
  steps: steps.map(({ bit, sibling }) => ({ bit, sibling: bytesToHex(sibling) })),
  other: other === null ? null : { key: other.key, value: bytesToHex(other.value) },
});

/** Whether the row is so under the state root (hex), or is absent there where it has no value. */
export function isProven(state_root: string, row: ProvenRowJson, { sha256 }: Pick<Crypto, 'sha256'>): boolean {
  const value = row.value === null ? null : hexToBytes(row.value);
  const proof = {
    steps: row.steps.map(({ bit, sibling }) => ({ bit, sibling: hexToBytes(sibling) })),
    other: row.other === null ? null : { key: row.other.key, value: hexToBytes(row.other.value) },
  };
  return verifyState(hexToBytes(state_root), row.key, value, proof, sha256);
}
