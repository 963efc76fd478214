// A validator that lies: it runs the production core to stay in the game, and says something else to each peer.
import { BlockCutter } from '#machines/consensus/block-parts.ts';
import { blockId, txsRoot } from '#machines/consensus/block-rules.ts';
import { decodeHeader, encodeHeader } from '#schemas/consensus/block-codec.ts';
import type { Block, Certificate, Proposal, SignedProposal, SignedVote, Vote } from '#schemas/consensus/types.ts';
import { proposalSignBytes, voteSignBytes } from '#schemas/consensus/vote-codec.ts';
import { type Message, roundOf } from './message.ts';
import { type Habit, partBytes } from './plan.ts';
import { lieRange } from './range-lies.ts';
import { keyOf } from './sim-genesis.ts';
import { twinCrypto } from './twin-crypto.ts';
import type { World } from './world.ts';

/** Certificates, and transactions, that it keeps to replay. */
const MAX_HOARD = 8;
/** How far ahead it pretends to be, rounds. */
const MAX_ROUNDS_AHEAD = 40;
/** Proposals that a flood says beside the one. */
const FLOOD = 5;

type MessageOf<T extends Message['type']> = Extract<Message, { type: T }>;

/** Turns what an honest core would say to one peer into what a liar says, or into silence. */
export type Forger = {
  /** It overhears everything that is sent to it. */
  overhear(message: Message): void;
  /** What goes to replica `to` instead of `message`. */
  twist(message: Message, to: number): readonly Message[];
  /** The same with a piece of it: parts of a body are withheld or falsified. */
  twistPiece(piece: Message): readonly Message[];
};

/** A liar with the key of `validator`. */
export function createForger(
  { prng, base, votes, sets, plan }: World,
  validator: number,
  habits: readonly Habit[],
): Forger {
  const cutter = new BlockCutter(twinCrypto, partBytes(plan));
  const has = (habit: Habit): boolean => habits.includes(habit);
  const key = keyOf('validator', validator);
  /** Blocks that somebody proposed at the height in question: lies about these are the plausible ones. */
  let values: string[] = [];
  let height = 0;
  const hoard: Certificate[] = [];
  const txs: Uint8Array[] = [];
  /** What it says to everyone instead of this proposal; undefined: to each what comes to its mind. */
  let common: { readonly value: string; readonly lie: Message | undefined } | undefined;
  /** Who hears its words of one kind and round. */
  let favoured = { words: '', peers: 0 };

  function learn(value: string | null, at: number): void {
    if (at > height) {
      height = at;
      values = [];
    }
    if (value !== null && at === height && !values.includes(value)) values.push(value);
  }

  function isFavoured(message: Message, to: number): boolean {
    if (message.type !== 'vote' && message.type !== 'proposal') return true;
    const words = `${message.type === 'vote' ? message.vote.type : 'proposal'}/${roundOf(message)}`;
    if (favoured.words !== words) favoured = { words, peers: prng.next() };
    return ((favoured.peers >>> to) & 1) === 1;
  }

  function signVote(vote: Vote): SignedVote {
    votes.signed(vote);
    return { ...vote, signature: twinCrypto.sign(key, voteSignBytes(base.chain, vote)) };
  }

  const anyValue = (): string | null => (values.length === 0 || prng.chance(300) ? null : prng.pick(values));

  function lieAbout(vote: SignedVote, round = vote.round): Message {
    const value = anyValue();
    const mayCite = vote.type === 'prevote' && value !== null && round > 0 && has('false_valid_round');
    const valid_round = mayCite && prng.chance(400) ? prng.below(round) : -1;
    return { type: 'vote', vote: signVote({ ...vote, round, value, valid_round }) };
  }

  function votesFor({ vote }: MessageOf<'vote'>): readonly Message[] {
    const said: Message[] = has('false_votes') && prng.chance(512) ? [lieAbout(vote)] : [{ type: 'vote', vote }];
    if (has('false_votes') && prng.chance(100)) said.push(lieAbout(vote));
    if (has('far_rounds') && prng.chance(200)) said.push(lieAbout(vote, vote.round + prng.below(MAX_ROUNDS_AHEAD)));
    return said;
  }

  /** Another block in the same place, with a transaction of the past once more; now and then with a polka that never was. */
  function lieProposal({ proposal, block }: Proposed): Message {
    const other = withReplayed(cutter, block, txs.length === 0 ? [] : [prng.pick(txs)], prng.between(1, 2 * FLOOD));
    txs.push(...block.txs.slice(0, MAX_HOARD - txs.length));
    const mayCite = proposal.round > 0 && has('false_valid_round') && prng.chance(512);
    const valid_round = mayCite ? prng.below(proposal.round) : -1;
    const forged: Proposal = { ...proposal, value: blockId(base.crypto, other.header), valid_round };
    learn(forged.value, forged.height);
    const signature = twinCrypto.sign(key, proposalSignBytes(base.chain, forged));
    return { type: 'proposal', proposal: { ...forged, signature } satisfies SignedProposal, block: other };
  }

  /** A lie that everybody hears is no equivocation: it can be decided, and has to be seen through. */
  function proposalsFor(message: Proposed): readonly Message[] {
    const { value } = message.proposal;
    const flood = has('flood') ? Array.from({ length: FLOOD }, () => lieProposal(message)) : [];
    if (!has('false_proposals')) return [message, ...flood];
    if (common?.value !== value) common = { value, lie: prng.chance(300) ? lieProposal(message) : undefined };
    return [common.lie ?? (prng.chance(512) ? lieProposal(message) : message), ...flood];
  }

  /** A polka or commit of the present height, with itself as every voter. */
  function padded(): Message {
    const type = prng.pick(['polka', 'commit'] as const);
    const { membership, nodes } = sets.at(height);
    const place = { epoch: membership.epoch, height, round: prng.below(2), validator: nodes.indexOf(validator) };
    const statement = { ...place, value: anyValue(), valid_round: -1 };
    const vote = signVote({ ...statement, type: type === 'polka' ? 'prevote' : 'precommit' });
    const votes = nodes.map(() => vote);
    return { type: 'certificate', certificate: { type, height, round: vote.round, value: vote.value, votes } };
  }

  function saidFor(message: Message): readonly Message[] {
    if (message.type === 'vote') return votesFor(message);
    if (isWhole(message)) return proposalsFor(message);
    const mayPad = message.type === 'status' && sets.at(height).nodes.includes(validator);
    if (mayPad && has('padded_certificates') && prng.chance(300)) return [message, padded()];
    if (message.type === 'certificate' && has('withheld_bodies'))
      return [{ type: 'certificate', certificate: message.certificate }];
    if (message.type === 'range' && has('false_ranges') && prng.chance(700))
      return [{ type: 'range', blocks: lieRange(message.blocks, prng) }];
    return [message];
  }

  return {
    overhear(message) {
      if (message.type === 'proposal') {
        learn(message.proposal.value, message.proposal.height);
        txs.push(...(message.block?.txs ?? []).slice(0, MAX_HOARD - txs.length));
      }
      if (message.type !== 'certificate') return;
      hoard.push(message.certificate);
      if (hoard.length > MAX_HOARD) hoard.shift();
    },
    twist(message, to) {
      if (has('silence') && prng.chance(150)) return [];
      if (has('partiality') && !isFavoured(message, to)) return [];
      const isReplayed = has('replays') && hoard.length > 0 && prng.chance(60);
      const said = saidFor(message);
      return isReplayed ? [...said, { type: 'certificate', certificate: prng.pick(hoard) }] : said;
    },
    twistPiece(piece) {
      if (piece.type !== 'part' || !has('false_parts') || !prng.chance(300)) return [piece];
      const bytes = Uint8Array.from(piece.part.bytes, (byte) => byte ^ 1);
      return prng.chance(512) ? [] : [{ type: 'part', part: { ...piece.part, bytes } }];
    },
  };
}

type Proposed = MessageOf<'proposal'> & { readonly block: Block };
const isWhole = (message: Message): message is Proposed => message.type === 'proposal' && message.block !== undefined;

/** The block some milliseconds later, with more transactions. */
function withReplayed(cutter: BlockCutter, block: Block, more: readonly Uint8Array[], later_ms: number): Block {
  const decoded = decodeHeader(block.header);
  if (!decoded.ok) return block;
  const txs = [...block.txs, ...more];
  const header = encodeHeader({
    ...decoded.value,
    time_ms: decoded.value.time_ms + later_ms,
    txs_root: txsRoot(twinCrypto, txs),
    parts_hash: cutter.partsHash(txs),
  });
  return { header, txs };
}
