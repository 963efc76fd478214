// Settlement records as strict DAG-CBOR: one byte string for each record, and nothing else decodes.
import { decode, encode } from '@ipld/dag-cbor';
import { CID } from 'multiformats/cid';
import { parseRecord } from '#machines/settlement/record-rules.ts';
import type { SettlementRecord } from '#schemas/settlement/record.ts';
import { type Result, refuse } from '#schemas/wire/codes.ts';

/** The record's bytes: the leaf of the log and the block of the archive. */
export const encodeRecord = (record: SettlementRecord): Uint8Array =>
  encode({
    ...record,
    prev: record.prev === null ? null : CID.parse(record.prev),
    ev: record.ev.map((cid) => CID.parse(cid)),
  });

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

/** A link's text; anything else but null becomes undefined, which no rule accepts: a CID as text is not a link. */
const linkText = (value: unknown): string | null | undefined =>
  value === null ? null : (CID.asCID(value)?.toString() ?? undefined);
