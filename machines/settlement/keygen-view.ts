// A key generation as validators see it: what to do in it, and afterwards all that their secret shares follow from.
import type { DealingRow, KeygenPhase, KeygenRow } from '#schemas/settlement/state.ts';
import type { DealingPlan } from '../beacon/plan.ts';
import type { Books } from './books.ts';
import { dealingOf, generationOf, phaseAt, planOf } from './keygen-plan.ts';

export type KeygenView = {
  readonly row: KeygenRow;
  readonly plan: DealingPlan;
  /** The generation's name, 32 bytes: see `generationHash`. */
  readonly generation: Uint8Array;
  /** What the next block may carry; undefined when it is over. */
  readonly phase: KeygenPhase | undefined;
  /** What each dealer said, by id; who said nothing is not there. */
  readonly dealings: ReadonlyMap<string, DealingRow>;
};

/** The generation for the membership of `epoch`; undefined where none is on the ledger. */
export function keygenView(books: Books, epoch: number): KeygenView | undefined {
  const row = books.tables.keygens.get(`${epoch}`);
  if (row === undefined) return undefined;
  const plan = planOf(books, row);
  const said = plan.dealers.map(({ id }) => [id, dealingOf(books, epoch, id)] as const);
  const dealings = new Map(said.filter((entry): entry is [string, DealingRow] => entry[1] !== undefined));
  const phase = row.end_height === 0 ? phaseAt(books, row, books.block.height + 1) : undefined;
  return { row, plan, generation: generationOf(books, row), phase, dealings };
}
