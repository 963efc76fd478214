// The accountability rules, held against everything that correct validators say (docs/simulator.md, "What is checked").
import type { Proposal, Vote } from '#schemas/consensus/types.ts';
import type { Sets } from '../sets.ts';
import type { SometimeName } from '../sometimes.ts';
import type { Report } from './violation.ts';

/** Listens to every signature made and every message sent. */
export type VoteLog = {
  /** A vote was signed by anyone: from now on it may be part of somebody's quorum. */
  signed(vote: Vote): void;
  /** A correct validator sent this vote. */
  spoken(vote: Vote): void;
  /** A correct validator sent this proposal. */
  proposed(proposal: Proposal): void;
};

/** What one correct validator has said so far; it survives crashes, as do its words. */
type Speaker = {
  readonly votes: Map<number, Vote>;
  readonly proposals: Map<number, Proposal>;
  readonly precommits: Vote[];
};

/** Heights and rounds of a schedule stay below this, so that (height, round, type) makes one number. */
const ROUNDS = 4_096;

/**
 * The log of a network whose heights these sets decide.
 *
 * @param correct whether a validator is held to the rules
 * @param sees hears of what a campaign wants to have seen
 */
export function createVoteLog(
  sets: Pick<Sets, 'at'>,
  correct: (node: number) => boolean,
  report: Report,
  sees: (name: SometimeName) => void = () => undefined,
): VoteLog {
  const tallies = new Map<string, { voters: number; power: number }>();
  /** Blocks with a quorum of prevotes in a round, all of them from the same valid round (rule 36). */
  const polkas = new Set<string>();
  const speakers = new Map<number, Speaker>();
  const hasPolka = (height: number, round: number, value: string): boolean => polkas.has(slot(height, round, value));

  /** What a node has said: its index is another one in another set. */
  function speakerOf(node: number): Speaker {
    const known = speakers.get(node) ?? { votes: new Map(), proposals: new Map(), precommits: [] };
    speakers.set(node, known);
    return known;
  }

  const authorOf = ({ height, validator }: Vote | Proposal): number => sets.at(height).nodes[validator] ?? -1;

  function checkPrevote(node: number, speaker: Speaker, vote: Vote): void {
    const { height, round, value, valid_round } = vote;
    if (value === null) return;
    if (valid_round >= 0 && (valid_round >= round || !hasPolka(height, valid_round, value))) {
      report('prevote_without_polka', node, describe(vote));
    }
    const lock = lockBefore(speaker.precommits, height, round);
    if (lock !== undefined && valid_round < lock.round) {
      report('prevote_against_lock', node, `${describe(vote)}, locked: ${describe(lock)}`);
    }
  }

  return {
    signed(vote) {
      if (vote.type !== 'prevote' || vote.value === null) return;
      const block = slot(vote.height, vote.round, vote.value);
      const key = `${block}/${vote.valid_round}`;
      const tally = tallies.get(key) ?? { voters: 0, power: 0 };
      const bit = 1 << vote.validator;
      if ((tally.voters & bit) !== 0) return;
      tally.voters |= bit;
      const { powers, total } = sets.at(vote.height);
      tally.power += powers[vote.validator] ?? 0;
      tallies.set(key, tally);
      if (3 * tally.power > 2 * total) polkas.add(block);
    },
    spoken(vote) {
      const node = authorOf(vote);
      if (node < 0 || !correct(node)) return;
      const speaker = speakerOf(node);
      const key = (vote.height * ROUNDS + vote.round) * 2 + (vote.type === 'prevote' ? 0 : 1);
      const earlier = speaker.votes.get(key);
      if (earlier !== undefined) {
        if (!sameVote(earlier, vote)) report('equivocation', node, `${describe(earlier)} and ${describe(vote)}`);
        return;
      }
      speaker.votes.set(key, vote);
      if (vote.type === 'prevote') checkPrevote(node, speaker, vote);
      else if (vote.value !== null) {
        if (speaker.precommits.some((lock) => lock.height === vote.height && lock.value !== vote.value))
          sees('lock_changed');
        speaker.precommits.push(vote);
        if (!hasPolka(vote.height, vote.round, vote.value)) report('precommit_without_polka', node, describe(vote));
      }
    },
    proposed(proposal) {
      const node = authorOf(proposal);
      if (node < 0 || !correct(node)) return;
      const { proposals } = speakerOf(node);
      const key = proposal.height * ROUNDS + proposal.round;
      const earlier = proposals.get(key);
      proposals.set(key, proposal);
      if (earlier !== undefined && (earlier.value !== proposal.value || earlier.valid_round !== proposal.valid_round)) {
        report('equivocation', node, `two proposals at height ${proposal.height} round ${proposal.round}`);
      }
    },
  };
}

const slot = (height: number, round: number, value: string): string => `${height}/${round}/${value}`;

const sameVote = (a: Vote, b: Vote): boolean => a.value === b.value && a.valid_round === b.valid_round;

/** The latest block precommitted at `height` in a round before `round`: what the validator is locked on. */
function lockBefore(precommits: readonly Vote[], height: number, round: number): Vote | undefined {
  let lock: Vote | undefined;
  for (const vote of precommits) {
    if (vote.height === height && vote.round < round && vote.round > (lock?.round ?? -1)) lock = vote;
  }
  return lock;
}

const describe = ({ type, height, round, value, valid_round }: Vote): string =>
  `${type} ${value?.slice(0, 8) ?? 'nil'} at ${height}/${round}${valid_round >= 0 ? ` from round ${valid_round}` : ''}`;
