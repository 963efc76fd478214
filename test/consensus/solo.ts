// One core among silent peers, and the statements that it is fed. Validators are 0–3; height 1 is led by 0, 1, 2 … in rounds 0, 1, 2 …
import { BlockCutter } from '#machines/consensus/block-parts.ts';
import { blockId, makeBlock } from '#machines/consensus/block-rules.ts';
import type { Input } from '#machines/consensus/types.ts';
import type { Block, SignedVote, VoteType } from '#schemas/consensus/types.ts';
import { configOf, crypto, electoratesOf, HashApp, membershipOf, Network, signProposal, signVote } from './network.ts';

/** A block on genesis by `proposer` with one transaction. */
export function blockBy(
  network: Network,
  proposer: number,
  text: string,
  now_ms = 1_000,
): { readonly block: Block; readonly id: string } {
  const app = new HashApp(membershipOf(network.set));
  app.pool = [new TextEncoder().encode(text)];
  const config = configOf(network.set, proposer, app);
  const electorates = electoratesOf(0, app.membership());
  const block = makeBlock({ config, electorates, cutter: new BlockCutter(crypto) }, config.tip, now_ms);
  return { block, id: blockId(crypto, block.header) };
}

export const vote = (
  network: Network,
  type: VoteType,
  validator: number,
  round: number,
  value: string | null,
  valid_round = -1,
): SignedVote => signVote(network.set, { type, epoch: 0, height: 1, round, value, valid_round, validator });
export const voted = (vote_: SignedVote): Input => ({ type: 'vote.received', vote: vote_, now_ms: 1_000 });
export const proposed = (
  network: Network,
  validator: number,
  round: number,
  { block, id }: { block: Block; id: string },
): Input => ({
  type: 'proposal.received',
  proposal: signProposal(network.set, { epoch: 0, height: 1, round, value: id, valid_round: -1, validator }),
  block,
  now_ms: 1_000,
});

/** One core among silent peers: what it says is read from `votes`. */
export function solo(self: number): {
  readonly network: Network;
  readonly said: () => string[];
  readonly hears: (...inputs: Input[]) => void;
} {
  const network = new Network(4);
  network.filter = () => false;
  network.input(self, { type: 'started', now_ms: 1_000 });
  const node = network.node(self);
  return {
    network,
    said: () => node.votes.map((v) => `${v.type} ${v.round} ${v.value?.slice(0, 4) ?? 'nil'} vr ${v.valid_round}`),
    hears: (...inputs) => inputs.forEach((input) => network.input(self, input)),
  };
}
