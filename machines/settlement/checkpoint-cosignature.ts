// Cosignatures on checkpoints (C2SP tlog-cosignature, Ed25519 `cosignature/v1`) and the quorum over them.
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import type {
  Cosignature,
  Cosigner,
  Note,
  NoteSignature,
  Policy,
  PolicyMember,
  VerifySignature,
} from '#schemas/settlement/checkpoint.ts';
import { accept, type Result, refuse } from '#schemas/wire/codes.ts';

/** Signature type byte of timestamped Ed25519 cosignatures (signed-note, Signature types). */
export const COSIGNATURE_TYPE = 0x04;

/** Key id of a cosigner, hex: SHA-256(name | "\n" | 0x04 | public key)[:4]. It identifies a key, it proves nothing. */
export function cosignerKeyId({ name, key }: Cosigner): string {
  const material = concatBytes(utf8ToBytes(`${name}\n`), Uint8Array.of(COSIGNATURE_TYPE), hexToBytes(key));
  return bytesToHex(sha256(material).subarray(0, 4));
}

/** The bytes that a cosigner signs: header line, time line, then the whole note text. */
export const cosignatureMessage = (time_s: number, text: string): Uint8Array =>
  utf8ToBytes(`cosignature/v1\ntime ${time_s}\n${text}`);

/** The signature line of a cosigner: 8 bytes of big-endian seconds, then 64 of Ed25519. */
export function cosignatureLine(cosigner: Cosigner, { time_s, signature }: Cosignature): NoteSignature {
  const time = new Uint8Array(8);
  new DataView(time.buffer).setBigUint64(0, BigInt(time_s));
  return { name: cosigner.name, key_id: cosignerKeyId(cosigner), signature: concatBytes(time, signature) };
}

/** Time and Ed25519 signature out of a signature line's bytes; undefined when they are no cosignature/v1. */
export function parseCosignature(bytes: Uint8Array): Cosignature | undefined {
  if (bytes.length !== 72) return undefined;
  const time = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0);
  return time <= Number.MAX_SAFE_INTEGER ? { time_s: Number(time), signature: bytes.slice(8) } : undefined;
}

/** Whether `cosigner` signed `text` at that time. */
export const verifyCosignature = (
  text: string,
  cosigner: Cosigner,
  { time_s, signature }: Cosignature,
  verify: VerifySignature,
): boolean => verify(cosigner.key, cosignatureMessage(time_s, text), signature);

/** Power of these cosigners together. */
export const powerOf = (cosigners: readonly Pick<PolicyMember, 'power'>[]): number =>
  cosigners.reduce((sum, { power }) => sum + power, 0);

/** A cosigner whose signature on a note verified. */
export type Witnessed = PolicyMember & { readonly time_s: number };

/**
 * Who cosigned a note, if that satisfies the policy. Stricter than signed-note on purpose: the notes of this log are
 * written by its archiver, so a line of an unknown key or a second line of one key is a change, never an addition.
 */
export function checkQuorum(note: Note, policy: Policy, verify: VerifySignature): Result<readonly Witnessed[]> {
  const witnessed = new Map<string, Witnessed>();
  for (const line of note.signatures) {
    const cosigner = policy.cosigners.find((c) => c.name === line.name && cosignerKeyId(c) === line.key_id);
    if (cosigner === undefined) return refuse('COSIGNER_UNKNOWN', line.name);
    if (witnessed.has(cosigner.name)) return refuse('COSIGNER_REPEATED', line.name);
    const cosignature = parseCosignature(line.signature);
    if (cosignature === undefined || !verifyCosignature(note.text, cosigner, cosignature, verify))
      return refuse('COSIGNATURE_INVALID', line.name);
    witnessed.set(cosigner.name, { ...cosigner, time_s: cosignature.time_s });
  }
  const signed = [...witnessed.values()];
  const power = powerOf(signed);
  return power < policy.quorum ? refuse('QUORUM_SHORT', `power ${power} of ${policy.quorum}`) : accept(signed);
}
