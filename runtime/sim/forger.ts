// A validator that lies: it runs the production core to stay in the game, and says something else to each peer.
import { blockId, txsRoot } from '#machines/consensus/block-rules.ts';
import { decodeHeader, encodeHeader } from '#schemas/consensus/block-codec.ts';
import type { Block, Certificate, Proposal, SignedProposal, SignedVote, Vote } from '#schemas/consensus/types.ts';
import { proposalSignBytes, voteSignBytes } from '#schemas/consensus/vote-codec.ts';
import type { Message } from './message.ts';
import { lieRange } from './range-lies.ts';
import { twinCrypto } from './twin-crypto.ts';
import type { World } from './world.ts';

/** Certificates, and transactions, that it keeps to replay. */
const MAX_HOARD = 8;
/** How far ahead it pretends to be, rounds. */
const MAX_ROUNDS_AHEAD = 40;

/** Turns what an honest core would say to one peer into what a liar says, or into silence. */
export type Forger = {
  /** It overhears everything that is sent to it. */
  overhear(message: Message): void;
  /** What goes to one peer instead of `message`. */
  twist(message: Message): readonly Message[];
};

/** A liar with the key of `validator`. */
export function createForger({ prng, base, votes }: World, validator: number): Forger {
  const key = base.validators[validator]?.id ?? '';
  /** Blocks that somebody proposed at the height in question: lies about these are the plausible ones. */
  let values: string[] = [];
  let height = 0;
  const hoard: Certificate[] = [];
  const txs: Uint8Array[] = [];
  /** What it says to everyone instead of this proposal; undefined: to each what comes to its mind. */
  let common: { readonly value: string; readonly lie: Message | undefined } | undefined;

  function learn(value: string | null, at: number): void {
    if (at > height) {
      height = at;
      values = [];
    }
    if (value !== null && at === height && !values.includes(value)) values.push(value);
  }

  function signVote(vote: Vote): SignedVote {
    votes.signed(vote);
    return { ...vote, signature: twinCrypto.sign(key, voteSignBytes(base.chain, vote)) };
  }

  const anyValue = (): string | null => (values.length === 0 || prng.chance(300) ? null : prng.pick(values));

  function lieAbout(vote: SignedVote): Message {
    const value = anyValue();
    const isPrevote = vote.type === 'prevote';
    const round = prng.chance(100) ? vote.round + prng.below(MAX_ROUNDS_AHEAD) : vote.round;
    const valid_round = isPrevote && value !== null && round > 0 && prng.chance(400) ? prng.below(round) : -1;
    return { type: 'vote', vote: signVote({ ...vote, round, value, valid_round }) };
  }

  /** Another block in the same place, with a transaction of the past once more; now and then with a polka that never was. */
  function lieProposal({ proposal, block }: Extract<Message, { type: 'proposal' }>): Message {
    const other = withReplayed(block, txs.length === 0 ? [] : [prng.pick(txs)]);
    txs.push(...block.txs.slice(0, MAX_HOARD - txs.length));
    const valid_round = proposal.round > 0 && prng.chance(512) ? prng.below(proposal.round) : -1;
    const forged: Proposal = { ...proposal, value: blockId(base.crypto, other.header), valid_round };
    learn(forged.value, forged.height);
    const signature = twinCrypto.sign(key, proposalSignBytes(base.chain, forged));
    return { type: 'proposal', proposal: { ...forged, signature } satisfies SignedProposal, block: other };
  }

  /** A lie that everybody hears is no equivocation: it can be decided, and has to be seen through. */
  function proposalFor(message: Extract<Message, { type: 'proposal' }>): Message {
    const { value } = message.proposal;
    if (common?.value !== value) common = { value, lie: prng.chance(300) ? lieProposal(message) : undefined };
    return common.lie ?? (prng.chance(512) ? lieProposal(message) : message);
  }

  return {
    overhear(message) {
      if (message.type === 'proposal') {
        learn(message.proposal.value, message.proposal.height);
        txs.push(...message.block.txs.slice(0, MAX_HOARD - txs.length));
      }
      if (message.type !== 'certificate') return;
      hoard.push(message.certificate);
      if (hoard.length > MAX_HOARD) hoard.shift();
    },
    twist(message) {
      if (prng.chance(150)) return [];
      const replayed = hoard.length > 0 && prng.chance(60);
      const extra: Message[] = replayed ? [{ type: 'certificate', certificate: prng.pick(hoard) }] : [];
      if (message.type === 'vote' && prng.chance(512)) return [lieAbout(message.vote), ...extra];
      if (message.type === 'vote' && prng.chance(200)) return [message, lieAbout(message.vote), ...extra];
      if (message.type === 'range' && prng.chance(700))
        return [{ type: 'range', blocks: lieRange(message.blocks, prng) }, ...extra];
      return [message.type === 'proposal' ? proposalFor(message) : message, ...extra];
    },
  };
}

/** The block a millisecond later, with more transactions. */
function withReplayed(block: Block, more: readonly Uint8Array[]): Block {
  const decoded = decodeHeader(block.header);
  if (!decoded.ok) return block;
  const txs = [...block.txs, ...more];
  const header = encodeHeader({
    ...decoded.value,
    time_ms: decoded.value.time_ms + 1,
    txs_root: txsRoot(twinCrypto, txs),
  });
  return { header, txs };
}
