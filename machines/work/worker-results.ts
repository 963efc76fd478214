// A worker's results as transactions: all that are ready together share one, and its signature.
import type { TxBody } from '#schemas/settlement/transaction.ts';
import { MAX_BATCH_ITEMS, MAX_TX_BYTES } from '#schemas/wire/limits.ts';
import { weighedChunks } from '../primitives/chunks.ts';

type ResultsBody = Extract<TxBody, { type: 'results' }>;
/** Results by kind, to be added to. */
export type Results = Omit<ResultsBody, 'type'>;
export const noResults = (): Results => ({ commits: [], reveals: [], opens: [], reports: [] });

/** Room for results in a transaction, bytes; the rest is its frame and signature. */
const MAX_RESULTS_BYTES = MAX_TX_BYTES - 1_024;
/** Bytes on the wire, at most: of a result without its lists, of a sub-unit in it, of a hash, of a suspect. */
const RESULT_BYTES = 160;
const PIECE_BYTES = 68;
const HASH_BYTES = 34;
const SUSPECT_BYTES = 18;

/** One result: what it weighs, and how it comes into a transaction. */
type Item = { readonly bytes: number; readonly addTo: (body: Results) => void };

/** As few transactions as the results fit in. */
export function resultsBodies({ commits, reveals, opens, reports }: Results): ResultsBody[] {
  const items = [
    ...itemsOf(commits, (body) => body.commits),
    ...itemsOf(reveals, (body) => body.reveals, suspectsBytes),
    ...itemsOf(opens, (body) => body.opens, openingsBytes),
    ...itemsOf(reports, (body) => body.reports),
  ];
  return weighedChunks(items, MAX_BATCH_ITEMS, MAX_RESULTS_BYTES, ({ bytes }) => bytes).map((chunk) => {
    const body: ResultsBody = { type: 'results', ...noResults() };
    for (const { addTo } of chunk) addTo(body);
    return body;
  });
}

/** What one account says in a turn, where results that were said apart share transactions too: they come last. */
export function joined(bodies: readonly TxBody[]): readonly TxBody[] {
  const results = bodies.filter((body) => body.type === 'results');
  if (results.length < 2) return bodies;
  const all: Results = {
    commits: results.flatMap(({ commits }) => commits),
    reveals: results.flatMap(({ reveals }) => reveals),
    opens: results.flatMap(({ opens }) => opens),
    reports: results.flatMap(({ reports }) => reports),
  };
  return [...bodies.filter((body) => body.type !== 'results'), ...resultsBodies(all)];
}

const itemsOf = <T>(results: readonly T[], listIn: (body: Results) => T[], listsBytes = (_: T): number => 0): Item[] =>
  results.map((result) => ({
    bytes: RESULT_BYTES + listsBytes(result),
    addTo: (body) => listIn(body).push(result),
  }));

const suspectsBytes = ([, , , , , , suspects]: Results['reveals'][number]): number => suspects.length * SUSPECT_BYTES;

const openingsBytes = ([, , openings]: Results['opens'][number]): number =>
  openings.reduce((sum, [, proof]) => sum + PIECE_BYTES + proof.length * HASH_BYTES, 0);
