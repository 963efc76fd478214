// Batches: each item stands alone, so one that came too late does not take the others down with it.
import type { Tx } from '#schemas/settlement/transaction.ts';
import type { Code } from '#schemas/wire/codes.ts';
import { allOrNothing, type Books, emit } from './books.ts';

/**
 * Apply every item that can be applied; the others are named by events. A batch of which nothing applies is refused
 * with the code of its first item.
 */
export function applyEach<T>(books: Books, tx: Tx, items: readonly T[], apply: (item: T) => Code | null): Code | null {
  const refused: { item: number; code: Code }[] = [];
  for (const [item, value] of items.entries()) {
    const code = allOrNothing(books, () => apply(value));
    if (code !== null) refused.push({ item, code });
  }
  if (refused.length === items.length) return refused[0]?.code ?? null;
  const { account, nonce } = tx;
  for (const { item, code } of refused) emit(books, { type: 'item.refused', account, nonce, item, code });
  return null;
}
