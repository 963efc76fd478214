// Planted bugs: each is the production program with one thing wrong, and a campaign must find it within its budget.
import { type CoreParts, roundStepper } from '#machines/consensus/core-state.ts';
import type { RoundStepper } from '#machines/consensus/height.ts';
import { roundMachine } from '#machines/consensus/round.machine.ts';
import { pureStepper } from '#machines/primitives/pure-stepper.ts';
import { quorum } from '#machines/primitives/quorum.ts';
import type { Rule } from './oracles/violation.ts';
import type { ScheduleKind } from './plan.ts';

/** How a schedule differs from production; all absent in the sound one. */
export type Mutation = {
  /** What is wrong. */
  readonly about: string;
  /** Schedules within which a campaign must have found it. */
  readonly budget: number;
  /** What the first schedule that fails must show: one of these. */
  readonly shows: readonly (Rule | 'stall')[];
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
  /** Edits of source files, made while the program is loaded. */
  readonly edits?: readonly SourceEdit[];
};

/** `find` stands in `file` exactly once, else the mutation is out of date. */
export type SourceEdit = { readonly file: string; readonly find: string; readonly replace: string };

/** Production as it is. */
export const SOUND: Mutation = { about: 'nothing', budget: 0, shows: [] };

/** The planted bugs by name; `sortition sim --mutation NAME` runs a campaign with one of them. */
export const MUTATIONS = {
  no_lock: {
    about: 'prevotes any valid proposal, whatever it is locked on',
    budget: 500,
    shows: ['prevote_against_lock'],
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
  unlock_on_nil: {
    about: 'lets go of its lock when it precommits nil',
    budget: 3_000,
    shows: ['prevote_against_lock'],
    kind: 'consensus',
    parts: { quorum, stepper: { ...roundStepper, step: stepAndUnlock } },
  },
  valid_round_unproven: {
    about: 'prevotes a repeated proposal without the polka that it cites',
    budget: 500,
    shows: ['prevote_without_polka', 'prevote_against_lock'],
    kind: 'consensus',
    edits: [
      {
        file: 'machines/consensus/admission.ts',
        find: "isItsPolka ? checkCertificate(electorate, polka) : 'CERTIFICATE_INVALID'",
        replace: 'isItsPolka ? checkCertificate(electorate, polka) : null',
      },
      {
        file: 'machines/consensus/multiplexer.ts',
        find: 'p.valid_round >= 0 && hasPolka(view, p.valid_round, p.value)',
        replace: 'p.valid_round >= 0',
      },
    ],
  },
  lock_ignores_valid_round: {
    about: 'lets go of its lock for a polka that is older than the lock',
    budget: 20_000,
    shows: ['prevote_against_lock'],
    kind: 'consensus',
    edits: [
      {
        file: 'machines/consensus/round.machine.ts',
        find: ' && d.locked_round <= event.valid_round',
        replace: ' && d.locked_round <= event.valid_round + 9',
      },
    ],
  },
  quorum_one_short: {
    about: 'takes two thirds of the power for a quorum',
    budget: 20,
    shows: ['certificate', 'precommit_without_polka'],
    kind: 'consensus',
    parts: { stepper: roundStepper, quorum: (total) => quorum(total) - 1 },
  },
  vote_before_sync: {
    about: 'publishes votes before they are on disk',
    budget: 1_000,
    shows: ['equivocation'],
    kind: 'consensus',
    speaksBeforeSync: true,
  },
  append_own_vote: {
    about: 'publishes votes that are written, but not synced',
    budget: 50,
    shows: ['equivocation', 'halted'],
    kind: 'consensus',
    appendsOwnWords: true,
  },
  forgets_log: {
    about: 'restarts without replaying the log of the open height',
    budget: 50,
    shows: ['halted', 'replay'],
    kind: 'consensus',
    forgetsLog: true,
  },
  signer_forgets: {
    about: 'restarts without the log, and its signer signs a second thing in one place',
    budget: 500,
    shows: ['equivocation', 'replay'],
    kind: 'consensus',
    forgetsLog: true,
    edits: [
      {
        file: 'runtime/consensus/signer.ts',
        find: "if (order <= 0) return refuse('SIGNER_CONFLICT'",
        replace: "if (order < -1_000) return refuse('SIGNER_CONFLICT'",
      },
    ],
  },
  mixed_polka: {
    about: 'counts prevotes with different valid rounds together',
    budget: 15_000,
    shows: ['precommit_without_polka', 'prevote_without_polka', 'threw'],
    kind: 'consensus',
    edits: [
      {
        file: 'machines/consensus/round-votes.ts',
        find: ' && tally.valid_round === valid_round',
        replace: ' && valid_round > -9',
      },
      {
        file: 'machines/consensus/round-votes.ts',
        find: 'isSameStatement(other, vote))',
        replace: 'other.value === vote.value)',
      },
    ],
  },
  voter_counted_twice: {
    about: 'takes a certificate in which one voter stands several times',
    budget: 500,
    shows: ['certificate', 'precommit_without_polka', 'prevote_without_polka', 'agreement', 'halted'],
    kind: 'consensus',
    edits: [
      {
        file: 'machines/consensus/certificate-rules.ts',
        find: 'if (voters.size !== votes.length) return -1;',
        replace: 'if (voters.size === 0) return -1;',
      },
    ],
  },
  skips_alone: {
    about: 'follows a single validator to a later round',
    budget: 2_000,
    shows: ['stall'],
    kind: 'consensus',
    edits: [
      {
        file: 'machines/consensus/vote-keeper.ts',
        find: 'this.#skip = skipQuorum(totalPower(validators));',
        replace: 'this.#skip = skipQuorum(totalPower(validators)) > 0 ? 1 : 0;',
      },
    ],
  },
  accuses_the_honest: {
    about: 'takes a prevote from before the lock for amnesia',
    budget: 500,
    shows: ['evidence_unsound'],
    kind: 'consensus',
    edits: [
      {
        file: 'machines/consensus/accountability.ts',
        find: '  prevote.round > lock.round &&',
        replace: '  prevote.round >= 0 &&',
      },
    ],
  },
  torn_log_trusted: {
    about: 'takes whatever the log holds for all of it',
    budget: 3_000,
    shows: ['damage', 'equivocation', 'halted'],
    kind: 'consensus',
    edits: [
      {
        file: 'runtime/consensus/observer.ts',
        find: 'last_word.height === tip.height + 1 && isInLog',
        replace: 'last_word.height === tip.height + 1 && (isInLog || tip.height >= 0)',
      },
    ],
  },
  observer_speaks_early: {
    about: 'ends its silence one height too early',
    budget: 3_000,
    shows: ['damage', 'equivocation', 'halted'],
    kind: 'consensus',
    edits: [
      {
        file: 'runtime/consensus/observer.ts',
        find: 'height > this.#silent_through;',
        replace: 'height >= this.#silent_through;',
      },
    ],
  },
  backup_trusted: {
    about: 'takes an older backup of its store for the latest state',
    budget: 3_000,
    shows: ['damage', 'equivocation'],
    kind: 'consensus',
    edits: [
      {
        file: 'runtime/keys/claim-store.ts',
        find: ' && noted.starts <= last.starts',
        replace: ' && noted.starts > 0',
      },
    ],
  },
  deaf_to_own_key: {
    about: 'goes on after it heard a word of its own key that it never said',
    budget: 3_000,
    shows: ['key_twice'],
    kind: 'consensus',
    edits: [
      {
        file: 'runtime/consensus/turn.ts',
        find: 'observer.maySpeak(said.height) && !own.has(said)',
        replace: 'said.height < 0 && observer.maySpeak(said.height) && !own.has(said)',
      },
    ],
  },
  forgets_testimony: {
    about: 'keeps no votes of a height that is decided',
    budget: 400,
    shows: ['fork_unnamed'],
    kind: 'beyond',
    edits: [
      {
        file: 'machines/consensus/accountability.ts',
        find: 'return telling.sort((a, b) => a.round - b.round).slice(0, MAX_CONFLICT_VOTES);',
        replace: 'return telling.slice(0, 0);',
      },
    ],
  },
  restarts_without_testimony: {
    about: 'forgets in a restart the votes of the heights that are decided',
    budget: 3_000,
    shows: ['fork_unnamed'],
    kind: 'beyond',
    edits: [
      {
        file: 'runtime/consensus/testimony-store.ts',
        find: 'votes: await readTestimony(store, height)',
        replace: 'votes: (await readTestimony(store, height)).slice(0, 0)',
      },
    ],
  },
  quorum_of_first_set: {
    about: 'goes on to take the quorum of the set that it knew first',
    budget: 100,
    shows: ['certificate', 'precommit_without_polka', 'stall'],
    kind: 'epochs',
    edits: [
      {
        file: 'machines/consensus/electorate.ts',
        find: 'const made = this.#make(membership);',
        replace: `const [first] = this.#made.values();
          const made = { ...this.#make(membership), ...(first && { quorum: first.quorum }) };`,
      },
    ],
  },
  votes_by_last_set: {
    about: 'judges a vote by the set of the height before',
    budget: 50,
    shows: ['stall'],
    kind: 'epochs',
    edits: [
      {
        file: 'machines/consensus/core.ts',
        find: 'electorates.find(vote.height, vote.epoch);',
        replace: 'electorates.find(vote.height - 1, vote.epoch);',
      },
    ],
  },
  index_of_first_set: {
    about: 'takes the word of whoever has its index of the first set for one of its own key',
    budget: 50,
    shows: ['halted'],
    kind: 'epochs',
    edits: [
      {
        file: 'runtime/consensus/turn.ts',
        find: 'core.electorate(said.height)?.validators[said.validator]',
        replace: 'core.electorate(1)?.validators[said.validator]',
      },
    ],
  },
  set_leaps: {
    about: 'lets as much power come and go at once as is asked for',
    budget: 50,
    shows: ['set_leap'],
    kind: 'epochs',
    edits: [
      {
        file: 'machines/settlement/next-set.ts',
        find: 'let budget = mayChange(total);',
        replace: 'let budget = mayChange(total) + total;',
      },
    ],
  },
  status_put_off: {
    about: 'puts off with each height what it says twice a second',
    budget: 200,
    shows: ['stall'],
    kind: 'epochs',
    edits: [
      {
        file: 'machines/consensus/gossip.ts',
        find: 'if (!timers.has(REBROADCAST)) timers.set(',
        replace: 'timers.set(',
      },
    ],
  },
  pay_before_check: {
    about: 'pays a unit when its worker reveals, before any audit',
    budget: 10,
    shows: ['paid_unchecked'],
    kind: 'ledger',
    edits: [
      {
        file: 'machines/settlement/units.ts',
        find: 'awaitAudit(books, { ...row, root });',
        replace:
          "settle(books, 'credit', escrowOf(job.id), [{ key: account, amount_units: job.reward_per_unit_units }]);",
      },
    ],
  },
  replay_accepted: {
    about: 'applies a transaction whose nonce was used',
    budget: 500,
    shows: ['exactly_once'],
    kind: 'ledger',
    edits: [
      {
        file: 'machines/settlement/apply.ts',
        find: "if (ahead !== 0) return ahead < 0 ? 'TX_NONCE_LOW' : 'TX_NONCE_HIGH';",
        replace: "if (ahead > 0) return 'TX_NONCE_HIGH';",
      },
    ],
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
