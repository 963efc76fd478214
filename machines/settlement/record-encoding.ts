// A settlement record as strict DAG-CBOR, and the CID that follows from it: what the archive stores and the ledger checks.
import { code as DAG_CBOR, encode } from '@ipld/dag-cbor';
import { CID } from 'multiformats/cid';
import { create as createDigest } from 'multiformats/hashes/digest';
import type { SettlementRecord } from '#schemas/settlement/record.ts';
import type { Sha256 } from '../primitives/seeded-draw.ts';

const SHA2_256 = 0x12;

/** The record's bytes: the leaf of the log and the block of the archive. */
export const encodeRecord = (record: SettlementRecord): Uint8Array =>
  encode({
    ...record,
    prev: record.prev === null ? null : CID.parse(record.prev),
    ev: record.ev.map((cid) => CID.parse(cid)),
  });

/** Where the record lies in the archive: CIDv1, dag-cbor, sha2-256, as lower-case base32. */
export const recordCid = (record: SettlementRecord, sha256: Sha256): string =>
  CID.createV1(DAG_CBOR, createDigest(SHA2_256, sha256(encodeRecord(record)))).toString();
