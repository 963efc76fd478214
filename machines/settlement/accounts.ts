// Balances: every movement has two sides, and none leaves a balance below zero.
import type { SettlementEntry } from '#schemas/settlement/state.ts';
import type { Asset, Tx } from '#schemas/settlement/transaction.ts';
import type { Code } from '#schemas/wire/codes.ts';
import { assert } from '../primitives/assert.ts';
import type { Books } from './books.ts';

/** Where fees go, and where slashed stake goes that nobody gets: pots, which no key owns. */
export const TREASURY = 'treasury';
export const BURNED = 'burned';
/** Holds what a job will pay. */
export const escrowOf = (job: string): string => `escrow:${job}`;

/** What the account holds, minor units. */
export const balanceOf = (books: Books, asset: Asset, account: string): bigint =>
  books.tables.accounts.get(`${asset}/${account}`)?.amount_units ?? 0n;

/** The nonce that the account's next transaction must carry. */
export const nextNonce = (books: Books, account: string): number => books.tables.nonces.get(account)?.next ?? 0;

/** Move what is known to be there; the caller has checked. */
export function move(books: Books, asset: Asset, from: string, to: string, amount_units: bigint): void {
  assert(amount_units >= 0n, 'a movement is never negative');
  if (amount_units === 0n || from === to) return;
  const left = balanceOf(books, asset, from) - amount_units;
  assert(left >= 0n, `${from} would hold ${left} ${asset}`);
  setBalance(books, asset, from, left);
  setBalance(books, asset, to, balanceOf(books, asset, to) + amount_units);
}

/** A movement for work: it also counts for the next settlement. */
export function settle(books: Books, asset: Asset, from: string, to: string, amount_units: bigint): void {
  if (amount_units === 0n || from === to) return;
  move(books, asset, from, to, amount_units);
  note(books, { a: asset, k: from, d: -amount_units });
  note(books, { a: asset, k: to, d: amount_units });
}

function note(books: Books, { a, k, d }: SettlementEntry): void {
  const { unsettled } = books.tables;
  const difference_units = (unsettled.get(`${a}/${k}`)?.difference_units ?? 0n) + d;
  if (difference_units === 0n) unsettled.remove(`${a}/${k}`);
  else unsettled.put(`${a}/${k}`, { difference_units });
}

function setBalance(books: Books, asset: Asset, account: string, amount_units: bigint): void {
  if (amount_units === 0n) books.tables.accounts.remove(`${asset}/${account}`);
  else books.tables.accounts.put(`${asset}/${account}`, { amount_units });
}

/** Transaction `transfer`. Stake that secures something stays where it is. */
export function applyTransfer(books: Books, tx: Tx, body: Extract<Tx['body'], { type: 'transfer' }>): Code | null {
  const { to, asset, amount_units } = body;
  if (asset === 'stake' && isStakeLocked(books, tx.account)) return 'STAKE_LOCKED';
  if (balanceOf(books, asset, tx.account) < amount_units) return 'BALANCE_LOW';
  move(books, asset, tx.account, to, amount_units);
  return null;
}

function isStakeLocked(books: Books, account: string): boolean {
  return books.tables.nodes.get(account)?.kind === 'validator' || books.indexes.assignments.has(account);
}
