// Which membership a height or an epoch has: every one stays on the ledger, so that what it certified can be checked from the state, and
// who trusts the genesis alone can be handed from set to set. There is at most one in `epoch_heights` heights.
import type { Membership } from '#schemas/consensus/types.ts';
import { assert, present } from '../primitives/assert.ts';
import type { Books } from './books.ts';

/** Heights from the block that fixes a membership to its first: the header between them announces it. */
export const ANNOUNCED_HEIGHTS = 2;

/** The last membership that is fixed; it may begin at a later height. */
export const newestMembership = (books: Books): Membership =>
  present(membershipOf(books, books.indexes.epoch), 'there is a membership from the genesis on');

/** The membership of an epoch; undefined where it is not fixed. */
export const membershipOf = (books: Books, epoch: number): Membership | undefined =>
  books.tables.memberships.get(`${epoch}`);

/** Who runs a height. @param height 1 … last executed + 2: what comes later is not fixed */
export function membershipAt(books: Books, height: number): Membership {
  assert(height <= books.block.height + ANNOUNCED_HEIGHTS, `the membership of height ${height} is not fixed yet`);
  let membership = newestMembership(books);
  while (membership.first_height > height && membership.epoch > 0)
    membership = present(membershipOf(books, membership.epoch - 1), 'epochs leave no gap');
  return membership;
}

/** Keep a membership: the next of all. */
export function keepMembership(books: Books, membership: Membership): void {
  books.tables.memberships.put(`${membership.epoch}`, membership);
}
