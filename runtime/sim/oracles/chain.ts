// Agreement, checked from the outside: one block a height, proven by a quorum, and one state after it.
import type { FinalBlock } from '#schemas/consensus/types.ts';
import type { Sets, SimSet } from '../sets.ts';
import type { Report } from './violation.ts';

/** A block as a validator reported it final. */
export type Decision = {
  readonly height: number;
  /** Block id, hex. */
  readonly id: string;
  readonly state_root: string;
  readonly final: FinalBlock;
};

/** Listens to every decision of correct validators, those repeated after a restart included. */
export type ChainOracle = {
  decided(node: number, decision: Decision): void;
  /** A validator took up the state after this height, and goes on from there. */
  tookUp(node: number, height: number): void;
  /** Highest height that a correct validator has decided. */
  readonly height: number;
};

/** An oracle over a network whose heights these sets decide; nothing is decided yet. */
export function createChainOracle(sets: Pick<Sets, 'at'>, report: Report): ChainOracle {
  const first = new Map<number, Decision>();
  const heights = new Map<number, number>();
  let height = 0;

  function compare(node: number, mine: Decision, theirs: Decision): void {
    const at = `at height ${mine.height}`;
    if (mine.id !== theirs.id) report('agreement', node, `${mine.id.slice(0, 8)} and ${theirs.id.slice(0, 8)} ${at}`);
    else if (mine.state_root !== theirs.state_root) report('state_root', node, at);
  }

  return {
    get height() {
      return height;
    },
    tookUp(node, at) {
      heights.set(node, Math.max(at, heights.get(node) ?? 0));
    },
    decided(node, decision) {
      const reached = heights.get(node) ?? 0;
      if (decision.height > reached + 1) report('gap', node, `height ${decision.height} after ${reached}`);
      heights.set(node, Math.max(reached, decision.height));
      height = Math.max(height, decision.height);
      const earlier = first.get(decision.height);
      if (earlier !== undefined) compare(node, decision, earlier);
      else first.set(decision.height, decision);
      const set = sets.at(decision.height);
      const power = committedPower(set, decision);
      if (3 * power <= 2 * set.total)
        report('certificate', node, `power ${power} of ${set.total} at height ${decision.height}`);
    },
  };
}

/** Power of the distinct members whose precommits in the certificate are for this very block. */
function committedPower({ membership, powers }: SimSet, { height, id, final: { certificate } }: Decision): number {
  const voters = new Set<number>();
  for (const vote of certificate.votes) {
    const isOfPlace = vote.height === height && vote.round === certificate.round && vote.epoch === membership.epoch;
    if (vote.type === 'precommit' && isOfPlace && vote.value === id) voters.add(vote.validator);
  }
  let power = 0;
  for (const voter of voters) power += powers[voter] ?? 0;
  return power;
}
