// A worker's results as transactions: those that are ready together share one, and its signature.
import type { Effect } from '#schemas/node/host.ts';
import type { TxBody } from '#schemas/settlement/transaction.ts';
import { MAX_BATCH_ITEMS, MAX_TX_BYTES } from '#schemas/wire/limits.ts';
import { weighedChunks } from '../primitives/chunks.ts';

type Body<Type extends TxBody['type']> = Extract<TxBody, { type: Type }>;
/** Results by kind, to be added to. */
export type Results = {
  readonly commits: Body<'commit'>['commits'];
  readonly reveals: Body<'reveal'>['reveals'];
  readonly opens: Body<'audit.open'>['opens'];
  readonly reports: Body<'audit.report'>['reports'];
};

/** Room for results in a transaction, bytes; the rest is its frame and signature. */
const MAX_RESULTS_BYTES = MAX_TX_BYTES - 1_024;
/** Bytes on the wire, at most: of a result without its lists, of a sub-unit in it, of a hash, of a suspect. */
const RESULT_BYTES = 256;
const PIECE_BYTES = 96;
const HASH_BYTES = 34;
const SUSPECT_BYTES = 18;

/** As few transactions as the results fit in. */
export function submits({ commits, reveals, opens, reports }: Results): Effect[] {
  const bodies = [
    ...fitted(commits, () => 0).map((some) => ({ type: 'commit', commits: some }) as const),
    ...fitted(reveals, (r) => r.suspects.length * SUSPECT_BYTES).map(
      (some) => ({ type: 'reveal', reveals: some }) as const,
    ),
    ...fitted(opens, openingsBytes).map((some) => ({ type: 'audit.open', opens: some }) as const),
    ...fitted(reports, () => 0).map((some) => ({ type: 'audit.report', reports: some }) as const),
  ];
  return bodies.map((body) => ({ type: 'submit', body }));
}

const openingsBytes = ({ openings }: Results['opens'][number]): number =>
  openings.reduce((sum, { proof }) => sum + PIECE_BYTES + proof.length * HASH_BYTES, 0);

const fitted = <T>(results: readonly T[], listsBytes: (result: T) => number): T[][] =>
  weighedChunks(results, MAX_BATCH_ITEMS, MAX_RESULTS_BYTES, (result) => RESULT_BYTES + listsBytes(result));
