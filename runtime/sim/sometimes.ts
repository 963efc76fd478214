// What a campaign must have seen: a search that never gets to the hard places proves nothing about them.
import type { ScheduleKind } from './plan.ts';

type Sometime = {
  /** What a correct validator did or went through. */
  readonly about: string;
  /** Kinds of schedules that get there. */
  readonly kinds: readonly ScheduleKind[];
  /** Schedules of these kinds within which a campaign must have got there at least once. */
  readonly within: number;
};

const VALIDATORS: readonly ScheduleKind[] = ['consensus', 'ledger'];

/** Places that schedules get to sometimes. A campaign with enough schedules that misses one fails. Rendered into docs/simulator.md. */
export const SOMETIMES = {
  round_above_3: { about: 'worked in a round above 3', kinds: VALIDATORS, within: 10_000 },
  reproposal_with_polka: { about: 'prevoted a repeated proposal for its polka', kinds: VALIDATORS, within: 200 },
  lock_changed: {
    about: 'precommitted two blocks at one height, each with its polka',
    kinds: VALIDATORS,
    within: 2_000,
  },
  past_round_decided: { about: 'decided a block of an earlier round than its own', kinds: VALIDATORS, within: 200 },
  skip_certificate_used: { about: 'went to a later round on a skip certificate', kinds: VALIDATORS, within: 500 },
  commit_certificate_used: { about: 'decided on a commit certificate', kinds: VALIDATORS, within: 200 },
  sync_in_view_change: { about: 'synced blocks while above round 0', kinds: VALIDATORS, within: 500 },
  named_proposal_kept: {
    about: 'kept a proposal beyond the limit of its round because a certificate names it',
    kinds: VALIDATORS,
    within: 2_000,
  },
  proposal_refused: { about: 'refused a proposal beyond the limit of its round', kinds: VALIDATORS, within: 500 },
  part_asked: { about: 'asked another for a part of a body', kinds: VALIDATORS, within: 200 },
  false_part_refused: { about: 'refused a false part of a body', kinds: VALIDATORS, within: 500 },
  double_vote_found: { about: 'found evidence of two votes', kinds: VALIDATORS, within: 200 },
  double_proposal_found: { about: 'found evidence of two proposals', kinds: VALIDATORS, within: 200 },
  amnesia_found: { about: 'found evidence of a forgotten lock', kinds: VALIDATORS, within: 2_000 },
  unsaid_after_sync: { about: 'crashed between sync and publish', kinds: VALIDATORS, within: 200 },
  observed_after_damage: { about: 'observed after its store was damaged', kinds: VALIDATORS, within: 500 },
  refused_damage: { about: 'refused to start over a damaged store', kinds: VALIDATORS, within: 2_000 },
  observer_spoke: { about: 'spoke again after it had observed', kinds: VALIDATORS, within: 2_000 },
  key_heard_twice: { about: 'heard a word of its own key that it never said', kinds: VALIDATORS, within: 2_000 },
  decision_lost: { about: 'lost a decided block in a crash', kinds: VALIDATORS, within: 1_000 },
  log_replayed: { about: 'replayed the log of an open height', kinds: VALIDATORS, within: 200 },
  fork_made: { about: 'met two commits of one height', kinds: ['beyond'], within: 50 },
  fork_by_amnesia: { about: 'left evidence of a fork over two rounds', kinds: ['beyond'], within: 500 },
  set_changed: { about: 'decided the first height of a new set', kinds: ['epochs'], within: 50 },
  joiner_signed: { about: 'signed a decided certificate after it had joined', kinds: ['epochs'], within: 100 },
  leaver_left: { about: 'was in a set and is not in the next', kinds: ['epochs'], within: 50 },
  guilty_left: { about: 'saw a Byzantine validator out of the set', kinds: ['epochs'], within: 200 },
  first_key_dealt: { about: 'began an epoch with the first key of the beacon', kinds: ['epochs'], within: 100 },
  keygen_failed: { about: 'kept its set after a key generation that failed', kinds: ['epochs'], within: 200 },
  crash_at_epoch_end: {
    about: 'crashed between the block that fixes a set and the first that it decides',
    kinds: ['epochs'],
    within: 300,
  },
  epoch_begun_in_view_change: {
    about: 'decided the first height of a new set after a view change',
    kinds: ['epochs'],
    within: 200,
  },
  synced_into_epoch: { about: 'synced blocks of two epochs in one go', kinds: ['epochs'], within: 100 },
  snapshot_taken: { about: 'took up the state of another before it started', kinds: ['epochs'], within: 100 },
  snapshot_of_later_set: {
    about: 'took up a state that a later set than the first has certified',
    kinds: ['epochs'],
    within: 400,
  },
  false_snapshot_refused: { about: 'refused a snapshot with a false or missing row', kinds: ['epochs'], within: 500 },
  liar_caught: { about: 'gave a unit to others because its result was wrong', kinds: ['ledger'], within: 300 },
} as const satisfies Record<string, Sometime>;

export type SometimeName = keyof typeof SOMETIMES;

/** In how many schedules each was seen. */
export type Seen = Readonly<Record<SometimeName, number>>;

const NAMES = Object.keys(SOMETIMES) as SometimeName[];

/** Count per name over these schedules. */
export function countSeen(schedules: Iterable<Iterable<SometimeName>>): Seen {
  const counts = Object.fromEntries(NAMES.map((name) => [name, 0])) as Record<SometimeName, number>;
  for (const seen of schedules) for (const name of seen) counts[name]++;
  return counts;
}

/** What was never seen though there were schedules enough. */
export function missedIn(seen: Seen, schedulesOf: ReadonlyMap<ScheduleKind, number>): readonly SometimeName[] {
  return NAMES.filter((name) => {
    const { kinds, within }: Sometime = SOMETIMES[name];
    return seen[name] === 0 && kinds.reduce((sum, kind) => sum + (schedulesOf.get(kind) ?? 0), 0) >= within;
  });
}
