// The header of a block that says nothing but what a test is about: every hash in it is the chain's id.
import type { Header } from '#schemas/consensus/types.ts';

export const emptyHeader = (chain: string, said: Partial<Header>): Header => ({
  v: 1,
  chain,
  epoch: 0,
  height: 1,
  time_ms: 0,
  proposer: 0,
  previous: chain,
  txs_root: chain,
  parts_hash: chain,
  state_root: chain,
  beacon: new Uint8Array(0),
  validators_hash: chain,
  next_validators_hash: chain,
  ...said,
});
