// Balances: every movement has two sides, and none leaves a balance below zero.
import type { Asset, Tx } from '#schemas/settlement/transaction.ts';
import type { Code } from '#schemas/wire/codes.ts';
import type { Share } from '../primitives/allocate.ts';
import { assert } from '../primitives/assert.ts';
import { remembering } from '../primitives/remembering.ts';
import type { Books } from './books.ts';
import { lockedStake } from './stake-lock.ts';

/** Where fees go, and where slashed stake goes that nobody gets: pots, which no key owns. */
export const TREASURY = 'treasury';
export const BURNED = 'burned';
/** Holds what a job will pay. */
export const escrowOf: (job: string) => string = remembering((job) => `escrow:${job}`);

/** Where a balance stands: `{asset}/{account}`. */
const keyOf = {
  credit: remembering((account) => `credit/${account}`),
  stake: remembering((account) => `stake/${account}`),
} as const satisfies Record<Asset, (account: string) => string>;

/** What the account holds, minor units. */
export const balanceOf = (books: Books, asset: Asset, account: string): bigint =>
  books.tables.accounts.get(keyOf[asset](account))?.amount_units ?? 0n;

/** The nonce that the account's next transaction must carry. */
export const nextNonce = (books: Books, account: string): number => books.tables.nonces.get(account)?.next ?? 0;

/** Move what is known to be there; the caller has checked. */
export function move(books: Books, asset: Asset, from: string, to: string, amount_units: bigint): void {
  assert(amount_units >= 0n, 'a movement is never negative');
  if (amount_units === 0n || from === to) return;
  addTo(books, keyOf[asset](from), -amount_units);
  addTo(books, keyOf[asset](to), amount_units);
}

/** Movements for work out of one account: they also count for the next settlement. */
export function settle(books: Books, asset: Asset, from: string, shares: readonly Share[]): void {
  let paid = 0n;
  for (const { key, amount_units } of shares) {
    if (amount_units === 0n || key === from) continue;
    paid += amount_units;
    addForWork(books, keyOf[asset](key), amount_units);
  }
  if (paid > 0n) addForWork(books, keyOf[asset](from), -paid);
}

function addForWork(books: Books, key: string, change_units: bigint): void {
  addTo(books, key, change_units);
  books.tables.unsettled.update(key, (row) => {
    const difference_units = (row?.difference_units ?? 0n) + change_units;
    return difference_units === 0n ? undefined : { difference_units };
  });
}

/** One side of a movement. @param key `{asset}/{account}` */
function addTo(books: Books, key: string, change_units: bigint): void {
  books.tables.accounts.update(key, (row) => {
    const amount_units = (row?.amount_units ?? 0n) + change_units;
    assert(amount_units >= 0n, 'no balance falls below zero');
    return amount_units === 0n ? undefined : { amount_units };
  });
}

/** Transaction `transfer`. Stake that secures something stays where it is. */
export function applyTransfer(books: Books, tx: Tx, body: Extract<Tx['body'], { type: 'transfer' }>): Code | null {
  const { to, asset, amount_units } = body;
  const held_units = balanceOf(books, asset, tx.account);
  const locked_units = asset === 'stake' ? lockedStake(books, tx.account, held_units) : 0n;
  if (locked_units > 0n && held_units - amount_units < locked_units) return 'STAKE_LOCKED';
  if (held_units < amount_units) return 'BALANCE_LOW';
  move(books, asset, tx.account, to, amount_units);
  return null;
}
