// Content ids of this archive: CIDv1, dag-cbor or raw, sha2-256, written in lower-case base32. Nothing else is taken.
import { hash } from 'node:crypto';
import { code as DAG_CBOR } from '@ipld/dag-cbor';
import { CID } from 'multiformats/cid';
import { code as RAW } from 'multiformats/codecs/raw';
import { create as createDigest } from 'multiformats/hashes/digest';

const SHA2_256 = 0x12;
const CODECS = { 'dag-cbor': DAG_CBOR, raw: RAW } as const;
export type Codec = keyof typeof CODECS;

/** A block: bytes under the CID that they hash to. */
export type ArchiveBlock = { readonly cid: CID; readonly bytes: Uint8Array };

export const sha256 = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => hash('sha256', bytes, 'buffer');

/** The CID of these bytes. */
export const cidOf = (codec: Codec, bytes: Uint8Array): CID =>
  CID.createV1(CODECS[codec], createDigest(SHA2_256, sha256(bytes)));

/** The bytes with their CID. */
export const blockOf = (codec: Codec, bytes: Uint8Array): ArchiveBlock => ({ cid: cidOf(codec, bytes), bytes });

/** Whether the bytes are those that the CID names. */
export const isBlock = ({ cid, bytes }: ArchiveBlock): boolean =>
  isArchiveCid(cid) && Buffer.compare(cid.multihash.digest, sha256(bytes)) === 0;

/** Read a CID of this archive from text; undefined when it is none. */
export function parseCid(text: string): CID | undefined {
  try {
    const cid = CID.parse(text);
    return isArchiveCid(cid) && cid.toString() === text ? cid : undefined;
  } catch {
    return undefined;
  }
}

/** CIDv1, raw or dag-cbor, sha2-256. */
export const isArchiveCid = (cid: CID): boolean =>
  cid.version === 1 &&
  (cid.code === DAG_CBOR || cid.code === RAW) &&
  cid.multihash.code === SHA2_256 &&
  cid.multihash.digest.length === 32;
