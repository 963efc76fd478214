// The light client's rule: from one trusted block to any later one, by its commit certificate alone. Nothing is executed.
import { HASH_BYTES } from '#schemas/consensus/fixed-layout.ts';
import { membershipHash } from '#schemas/consensus/membership-codec.ts';
import type { Certificate, Membership } from '#schemas/consensus/types.ts';
import { accept, type Result, refuse } from '#schemas/wire/codes.ts';
import type { NamedHeader } from './certified-header.ts';
import type { Electorate } from './electorate.ts';

/** A block whose finality is not asked about again; `id` in hex. */
export type TrustedBlock = { readonly height: number; readonly id: string };

/** What whoever has the genesis file trusts: the height before the first, under the id that the first block links to. */
export const GENESIS_BLOCK: TrustedBlock = { height: 0, id: '00'.repeat(HASH_BYTES) };

/** A block and the set of its epoch, from which trust goes on. */
export type Anchor = { readonly set: Electorate; readonly block: TrustedBlock };

/** An anchor with what shows that the set decided the block: its header as hashed, and the commit. */
export type CertifiedAnchor = Anchor & { readonly header: Uint8Array; readonly commit: Certificate };

/** The set whose certificates count at a height: that of its epoch. `validators_hash` in hex. */
export type TrustedSet = { readonly epoch: number; readonly validators_hash: string };

/**
 * Judge a header to which a quorum of the set committed. Blocks between may be skipped while the set stays: with less than a third
 * of its power Byzantine no two of its certificates contradict each other (skipping verification, Braithwaite et al., A Tendermint
 * Light Client, arXiv 2010.07031, with the same set at both ends). Where two blocks stand side by side, they must link.
 *
 * Refusals: LIGHT_SET_CHANGED, LIGHT_BEHIND, LIGHT_FORK.
 */
export function judgeStep(set: TrustedSet, trusted: TrustedBlock, { id, header }: NamedHeader): Result<NamedHeader> {
  const { epoch, validators_hash, height, previous } = header;
  if (epoch !== set.epoch || validators_hash !== set.validators_hash)
    return refuse('LIGHT_SET_CHANGED', `height ${height}`);
  if (height < trusted.height) return refuse('LIGHT_BEHIND', `height ${height}, trusted ${trusted.height}`);
  const isSame = height !== trusted.height || id === trusted.id;
  const isLinked = height !== trusted.height + 1 || previous === trusted.id;
  if (isSame && isLinked) return accept({ id, header });
  return refuse('LIGHT_FORK', `block ${id} at height ${height}, trusted ${trusted.id} at height ${trusted.height}`);
}

/**
 * Whether a header hands the chain over to the next set: it is of the epoch before, a quorum of whose set committed to it, and it
 * names that set as the one of the next height. So trust goes from the genesis' set to each later one.
 */
export function judgeHandover(set: TrustedSet, { header }: NamedHeader, next: Membership): Result<Membership> {
  const isOfSet = header.epoch === set.epoch && header.validators_hash === set.validators_hash;
  const isNext = next.epoch === set.epoch + 1 && next.first_height === header.height + 1;
  if (isOfSet && isNext && header.next_validators_hash === membershipHash(next)) return accept(next);
  return refuse('LIGHT_SET_CHANGED', `epoch ${next.epoch} after height ${header.height}`);
}
