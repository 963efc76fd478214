// The first membership: the genesis names its validators, and its hash shuffles their turns.
import type { Genesis } from '#schemas/config/genesis.ts';
import type { Membership } from '#schemas/consensus/types.ts';

/** @param id SHA-256 of the genesis, hex: the chain id */
export const genesisMembership = ({
  id,
  genesis: { validators, beacon_key },
}: {
  readonly id: string;
  readonly genesis: Pick<Genesis, 'validators' | 'beacon_key'>;
}): Membership => ({ epoch: 0, first_height: 1, validators, beacon_key, proposer_seed: id });
