// All rows of the ledger by kind: one table for each codec.
import { ROW_CODECS, type RowCodec } from '#schemas/settlement/row-codec.ts';
import { type Journal, Table } from './table.ts';

type RowOf<K extends keyof typeof ROW_CODECS> = (typeof ROW_CODECS)[K] extends RowCodec<infer Row> ? Row : never;
export type Tables = { readonly [K in keyof typeof ROW_CODECS]: Table<RowOf<K>> };

/** Empty tables that share a journal. */
export function createTables(journal: Journal): Tables {
  const kinds = Object.entries(ROW_CODECS) as [string, RowCodec<unknown>][];
  // The mapped type says of each name what Object.fromEntries cannot.
  return Object.fromEntries(kinds.map(([name, codec]) => [name, new Table(name, codec, journal)])) as unknown as Tables;
}
