// Planted bugs: each is the production code with one thing wrong, and a campaign must find it within its budget.
import type { CoreParts } from '#machines/consensus/core.ts';
import { roundMachine } from '#machines/consensus/round.machine.ts';
import { quorum } from '#machines/primitives/quorum.ts';
import type { ScheduleKind } from './plan.ts';

/** How a schedule differs from production; all absent in the sound one. */
export type Mutation = {
  /** What is wrong. */
  readonly about: string;
  /** Schedules within which a campaign must have found it. */
  readonly budget: number;
  /** Where it shows, if not everywhere. */
  readonly kind?: ScheduleKind;
  /** Replaced parts of the consensus core. */
  readonly parts?: CoreParts;
  /** The host publishes before its batch is on disk, and syncs it only with the next one. */
  readonly speaksBeforeSync?: true;
  /** The host starts again from the last final block without replaying the log of the open height. */
  readonly forgetsLog?: true;
};

/** Production as it is. */
export const SOUND: Mutation = { about: 'nothing', budget: 0 };

/** The planted bugs by name; `sortition sim --mutation NAME` runs a campaign with one of them. */
export const MUTATIONS = {
  no_lock: {
    about: 'prevotes any valid proposal, whatever it is locked on',
    budget: 400,
    parts: {
      quorum,
      machine: roundMachine.provide({
        guards: {
          mayPrevoteFresh: ({ event }) => event.type === 'proposal.fresh' && event.is_valid,
          mayPrevoteRepeated: ({ event }) => event.type === 'proposal.repeated' && event.is_valid,
        },
      }),
    },
  },
  quorum_one_short: {
    about: 'takes two thirds of the power for a quorum',
    budget: 100,
    parts: { machine: roundMachine, quorum: (total) => quorum(total) - 1 },
  },
  vote_before_sync: {
    about: 'publishes votes before they are on disk',
    budget: 400,
    speaksBeforeSync: true,
  },
  forgets_log: {
    about: 'restarts without replaying the log of the open height',
    budget: 100,
    forgetsLog: true,
  },
} as const satisfies Record<string, Mutation>;

export type MutationName = keyof typeof MUTATIONS;
