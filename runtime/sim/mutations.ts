// Planted bugs: each is the production program with one thing wrong, and a campaign must find it within its budget.
import { type CoreParts, roundStepper } from '#machines/consensus/core-state.ts';
import type { RoundStepper } from '#machines/consensus/height.ts';
import { roundMachine } from '#machines/consensus/round.machine.ts';
import { pureStepper } from '#machines/primitives/pure-stepper.ts';
import { quorum } from '#machines/primitives/quorum.ts';
import type { ScheduleKind } from './plan.ts';

/** How a schedule differs from production; all absent in the sound one. */
export type Mutation = {
  /** What is wrong. */
  readonly about: string;
  /** Schedules within which a campaign must have found it. */
  readonly budget: number;
  /** Schedules that can show it, if not all. */
  readonly kind?: ScheduleKind;
  /** Replaced parts of the consensus core. */
  readonly parts?: CoreParts;
  /** The host publishes before its batch is on disk, and syncs it only with the next turn. */
  readonly speaksBeforeSync?: true;
  /** The host appends its own words where it must sync them. */
  readonly appendsOwnWords?: true;
  /** The host starts again from the last final block without replaying the log of the open height. */
  readonly forgetsLog?: true;
  /** One edit of a source file, made while the program is loaded. */
  readonly edit?: SourceEdit;
};

/** `find` stands in `file` exactly once, else the mutation is out of date. */
export type SourceEdit = { readonly file: string; readonly find: string; readonly replace: string };

/** Production as it is. */
export const SOUND: Mutation = { about: 'nothing', budget: 0 };

/** The planted bugs by name; `sortition sim --mutation NAME` runs a campaign with one of them. */
export const MUTATIONS = {
  no_lock: {
    about: 'prevotes any valid proposal, whatever it is locked on',
    budget: 100,
    kind: 'consensus',
    parts: {
      quorum,
      stepper: pureStepper(
        roundMachine.provide({
          guards: {
            mayPrevoteFresh: ({ event }) => event.type === 'proposal.fresh' && event.is_valid,
            mayPrevoteRepeated: ({ event }) => event.type === 'proposal.repeated' && event.is_valid,
          },
        }),
      ),
    },
  },
  quorum_one_short: {
    about: 'takes two thirds of the power for a quorum',
    budget: 20,
    kind: 'consensus',
    parts: { stepper: roundStepper, quorum: (total) => quorum(total) - 1 },
  },
  vote_before_sync: {
    about: 'publishes votes before they are on disk',
    budget: 400,
    kind: 'consensus',
    speaksBeforeSync: true,
  },
  append_own_vote: {
    about: 'publishes votes that are written, but not synced',
    budget: 50,
    kind: 'consensus',
    appendsOwnWords: true,
  },
  forgets_log: {
    about: 'restarts without replaying the log of the open height',
    budget: 50,
    kind: 'consensus',
    forgetsLog: true,
  },
  unlock_on_nil: {
    about: 'lets go of its lock when it precommits nil',
    budget: 3_000,
    kind: 'consensus',
    parts: { quorum, stepper: { ...roundStepper, step: stepAndUnlock } },
  },
  forgets_testimony: {
    about: 'keeps no votes of a height that is decided',
    budget: 400,
    kind: 'beyond',
    edit: {
      file: 'machines/consensus/accountability.ts',
      find: 'return telling.sort((a, b) => a.round - b.round).slice(0, MAX_CONFLICT_VOTES);',
      replace: 'return telling.slice(0, 0);',
    },
  },
  pay_before_check: {
    about: 'pays a unit when its worker reveals, before any audit',
    budget: 10,
    kind: 'ledger',
    edit: {
      file: 'machines/settlement/units.ts',
      find: 'awaitAudit(books, { ...row, root });',
      replace:
        "settle(books, 'credit', escrowOf(job.id), [{ key: account, amount_units: job.reward_per_unit_units }]);",
    },
  },
  replay_accepted: {
    about: 'applies a transaction whose nonce was used',
    budget: 500,
    kind: 'ledger',
    edit: {
      file: 'machines/settlement/apply.ts',
      find: "if (ahead !== 0) return ahead < 0 ? 'TX_NONCE_LOW' : 'TX_NONCE_HIGH';",
      replace: "if (ahead > 0) return 'TX_NONCE_HIGH';",
    },
  },
} as const satisfies Record<string, Mutation>;

export type MutationName = keyof typeof MUTATIONS;

/** The round machine's step, and the lock is gone with a precommit on nil. */
function stepAndUnlock(...args: Parameters<RoundStepper['step']>): ReturnType<RoundStepper['step']> {
  const { snapshot, emitted } = roundStepper.step(...args);
  const isNil = emitted.some((order) => order.type === 'precommit' && order.value === null);
  if (!isNil) return { snapshot, emitted };
  const d = { ...snapshot.context.d, locked_value: null, locked_round: -1 };
  return { snapshot: { ...snapshot, context: { d } }, emitted };
}
