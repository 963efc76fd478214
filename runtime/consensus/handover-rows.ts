// Changes of the validator set in the store, for whoever must follow them: `cs/handover/<epoch>` keeps those that a node was shown before
// it took up a snapshot, since it holds no blocks of that time; the others are put together from the ledger's rows and the blocks.

import { LayoutReader } from '#schemas/consensus/fixed-layout.ts';
import { encodeHandover, type Handover, readHandover } from '#schemas/consensus/handover-codec.ts';
import { encodeMembership } from '#schemas/consensus/membership-codec.ts';
import { ROW_CODECS } from '#schemas/settlement/row-codec.ts';
import type { Store, StoreOp } from '../store/store.ts';
import { readFinalBlock } from './block-store.ts';

const keyOf = (epoch: number): string => `cs/handover/${String(epoch).padStart(12, '0')}`;

/** @param epoch that of the set which takes over */
export const handoverOp = (epoch: number, handover: Handover): StoreOp => ({
  type: 'put',
  key: keyOf(epoch),
  value: encodeHandover(handover),
});

/** How the chain was handed over to the set of this epoch; undefined where that has not happened, or is not held. Not checked. */
export async function findHandover(store: Store, epoch: number): Promise<Handover | undefined> {
  const row = await store.get(keyOf(epoch));
  if (row !== undefined) return readHandover(new LayoutReader(row));
  const state = await store.get(`state/memberships/${epoch}`);
  if (state === undefined) return undefined;
  const membership = ROW_CODECS.memberships.decode(state);
  const last = await readFinalBlock(store, membership.first_height - 1);
  if (last === undefined) return undefined;
  return { header: last.block.header, certificate: last.certificate, membership: encodeMembership(membership) };
}

/** The changes that lead to the set of this epoch, in order; from where on they are held. */
export async function findHandovers(store: Store, epoch: number): Promise<readonly Handover[]> {
  const found: Handover[] = [];
  for (let at = epoch; at > 0; at--) {
    const handover = await findHandover(store, at);
    if (handover === undefined) break;
    found.unshift(handover);
  }
  return found;
}
