// Every choice of leader and partition in four rounds of four validators, one of them Byzantine: a plan for each, by number.
import type { Plan, RoundScript } from './plan.ts';

const VALIDATORS = 4;
const ROUNDS = 4;

/** Groups of the three correct validators: all partitions of a set of three. A leader in a group of its own is isolated. */
const TOGETHER = [0, 0, 0];
const PAIRS = [
  [0, 0, 1],
  [0, 1, 0],
  [1, 0, 0],
];
const APART = [0, 1, 2];

/** One way in which a round may go: groups of the correct ones, of the Byzantine one's two copies, and what these never say. */
type Way = {
  readonly correct: readonly number[];
  readonly copies: readonly [number, number];
  readonly kept: RoundScript['kept'];
};

/**
 * The Byzantine one stands in no group (it says nothing), in one of them, or with a copy in each of two: if it leads, each hears another
 * block. Locks come about where it prevotes and keeps its precommits; where nobody can have a quorum that makes no difference.
 */
const WAYS: readonly Way[] = [
  ...ways(TOGETHER, [[0, 0]], ['nothing', 'precommits', 'everything']),
  ...PAIRS.flatMap((pair) => [
    ...ways(
      pair,
      [
        [0, 1],
        [0, 0],
        [1, 1],
      ],
      ['nothing'],
    ),
    ...ways(pair, [[0, 1]], ['precommits']),
    ...ways(pair, [[0, 0]], ['everything']),
  ]),
  ...ways(APART, [[0, 1]], ['nothing', 'everything']),
];

function ways(correct: readonly number[], copies: readonly Way['copies'][], kept: readonly Way['kept'][]): Way[] {
  return copies.flatMap((places) => kept.map((each) => ({ correct, copies: places, kept: each })));
}

/** How four rounds may go, for one Byzantine validator. */
const SCRIPTS = WAYS.length ** ROUNDS;

/**
 * Which validator is Byzantine (and so which round it leads: the proposers take turns) times how each round may go. Up to symmetry: its
 * two copies are the same, and so are the groups in which nobody can have a quorum.
 */
export const EXHAUSTIVE_PLANS = VALIDATORS * SCRIPTS;

/** Plan `index` of the campaign, from 0; the latest round changes first. */
export function exhaustivePlan(index: number): Plan {
  const guilty = Math.floor(index / SCRIPTS) % VALIDATORS;
  const script = Array.from({ length: ROUNDS }, (_, round) =>
    scriptOf(Math.floor(index / WAYS.length ** (ROUNDS - 1 - round)) % WAYS.length, guilty),
  );
  return {
    seed: index,
    kind: 'exhaustive',
    powers: Array.from({ length: VALIDATORS }, () => 1),
    founders: null,
    requests: [],
    byzantine: { [guilty]: { style: 'twins' } },
    core: [0, 1, 2, 3].filter((validator) => validator !== guilty),
    script,
    delay: { least_ms: 2, spread_ms: 1, slowOf1024: 0, slow_ms: 1 },
    lossOf1024: 0,
    duplicateOf1024: 0,
    filters: [],
    partitions: [],
    crashes: [],
    twice: null,
    pauses: [],
    skews_ms: [0, 0, 0, 0],
    blackout_ms: 0,
    heal_ms: HEAL_MS,
    heal_height: 1,
    live_heights: 1,
  };
}

/** Four rounds with all their timeouts are over by then. */
const HEAL_MS = 15_000;

function scriptOf(way: number, guilty: number): RoundScript {
  const { correct, copies, kept } = WAYS[way] ?? { correct: TOGETHER, copies: [0, 0], kept: 'nothing' };
  // The second copy is the last replica.
  return { groups: [...correct.slice(0, guilty), copies[0], ...correct.slice(guilty), copies[1]], kept };
}

/** The next plan that may go another way than `index`, which got to `rounds` rounds: what the later ones would have been makes no difference. */
export function afterPlan(index: number, rounds: number): number {
  const same = WAYS.length ** (ROUNDS - Math.min(rounds, ROUNDS));
  return (Math.floor(index / same) + 1) * same;
}
