// Settlement records read from strict DAG-CBOR: one byte string for each record, and nothing else decodes.
import { decode } from '@ipld/dag-cbor';
import { CID } from 'multiformats/cid';
import { encodeRecord } from '#machines/settlement/record-encoding.ts';
import { parseRecord } from '#machines/settlement/record-rules.ts';
import type { SettlementRecord } from '#schemas/settlement/record.ts';
import { type Result, refuse } from '#schemas/wire/codes.ts';
import { isArchiveCid } from './cid.ts';

/** Read a record. The library also decodes unsorted keys, long integers and floats, so the result is encoded again and compared. */
export function decodeRecord(bytes: Uint8Array): Result<SettlementRecord> {
  const record = parseRecord(decodeLinks(bytes));
  if (!record.ok) return record;
  return Buffer.compare(encodeRecord(record.value), bytes) === 0 ? record : refuse('RECORD_NOT_CANONICAL');
}

/** Decoded data with links as CID text; undefined when the bytes are not DAG-CBOR. */
function decodeLinks(bytes: Uint8Array): unknown {
  try {
    const { prev, ev, ...rest } = decode<Record<string, unknown>>(bytes);
    return { ...rest, prev: linkText(prev), ev: Array.isArray(ev) ? ev.map(linkText) : ev };
  } catch {
    return undefined;
  }
}

/** A link's text; anything else but null becomes undefined, which no rule accepts: a CID as text is not a link, nor one of another kind. */
function linkText(value: unknown): string | null | undefined {
  if (value === null) return null;
  const cid = CID.asCID(value);
  return cid !== null && isArchiveCid(cid) ? cid.toString() : undefined;
}
