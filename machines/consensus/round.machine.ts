// One height of one validator: the round machine of Tendermint (arXiv 1807.04938, Algorithm 1), line numbers beside the rules.
// Only complex events enter it (a quorum was reached, a proposal may be voted on); counting is the keeper's work.
import { assign, emit, setup } from 'xstate';

/** What the multiplexer and the timers tell it. `value` is a block id in hex. */
export type RoundEvent =
  /** Lines 11, 55, 65 and the fast path of 47. */
  | { readonly type: 'round.started'; readonly round: number; readonly is_proposer: boolean }
  /** Line 22: a proposal with valid_round −1. */
  | { readonly type: 'proposal.fresh'; readonly value: string; readonly is_valid: boolean }
  /** Line 28: a proposal with valid_round ≥ 0 whose polka is held. */
  | {
      readonly type: 'proposal.repeated';
      readonly value: string;
      readonly valid_round: number;
      readonly is_valid: boolean;
    }
  /** Line 36: Q prevotes with one value and valid_round, and its block. */
  | { readonly type: 'polka.reached'; readonly value: string }
  /** Line 44. */
  | { readonly type: 'polka.nil' }
  /** Line 34: Q prevotes of any kind. */
  | { readonly type: 'prevotes.split' }
  /** Line 47: Q precommits of any kind. */
  | { readonly type: 'precommits.split' }
  /** Line 57. */
  | { readonly type: 'propose.expired' }
  /** Line 61. */
  | { readonly type: 'prevote.expired' }
  /** Line 49. */
  | { readonly type: 'value.decided' };

/** What it orders. */
export type RoundOrder =
  /** Propose: the valid value again if there is one, else a new block (lines 14–18). */
  | { readonly type: 'propose'; readonly round: number; readonly value: string | null; readonly valid_round: number }
  | { readonly type: 'prevote'; readonly round: number; readonly value: string | null; readonly valid_round: number }
  | { readonly type: 'precommit'; readonly round: number; readonly value: string | null }
  | { readonly type: 'schedule'; readonly round: number; readonly step: 'propose' | 'prevote' | 'precommit' };

/** Lines 1–6. One key, so that XState copies little at each step. */
export type RoundContext = {
  readonly d: {
    readonly round: number;
    readonly locked_value: string | null;
    readonly locked_round: number;
    readonly valid_value: string | null;
    readonly valid_round: number;
  };
};

/** The paper's step_p, with `unstarted` (waiting for a reason to begin) before and `commit` after it. */
export type RoundStep = 'unstarted' | 'propose' | 'prevote' | 'precommit' | 'commit';

type D = RoundContext['d'];
/** The two kinds of action: an order goes out, lines 1–6 change. */
const order = (make: (d: D, event: RoundEvent) => RoundOrder) =>
  emit<RoundContext, RoundEvent, undefined, RoundEvent, RoundOrder>(({ context: { d }, event }) => make(d, event));
const change = (make: (d: D, event: RoundEvent) => Partial<D>) =>
  assign<RoundContext, RoundEvent, undefined, RoundEvent, never>(({ context: { d }, event }) => ({
    d: { ...d, ...make(d, event) },
  }));

const round = setup({
  types: { context: {} as RoundContext, events: {} as RoundEvent, emitted: {} as RoundOrder },
  guards: {
    isLaterRound: ({ context: { d }, event }) => event.type === 'round.started' && event.round > d.round,
    leadsLaterRound: ({ context: { d }, event }) =>
      event.type === 'round.started' && event.round > d.round && event.is_proposer,
    /** Line 23: valid, and nothing locked; whoever is locked on it asks for its polka all the same (ADR 19). */
    mayPrevoteFresh: ({ context: { d }, event }) =>
      event.type === 'proposal.fresh' && event.is_valid && d.locked_round === -1,
    /** Line 29: valid, and locked no later than its polka (ADR 19). */
    mayPrevoteRepeated: ({ context: { d }, event }) =>
      event.type === 'proposal.repeated' && event.is_valid && d.locked_round <= event.valid_round,
  },
  actions: {
    enterRound: change((d, event) => ({ round: event.type === 'round.started' ? event.round : d.round })),
    /** Lines 14–18. */
    propose: order((d) => ({ type: 'propose', round: d.round, value: d.valid_value, valid_round: d.valid_round })),
    /** Lines 24 and 30. */
    prevoteProposal: order((d, event) => {
      const valid_round = event.type === 'proposal.repeated' ? event.valid_round : -1;
      return { type: 'prevote', round: d.round, value: valueOf(event), valid_round };
    }),
    prevoteNil: order((d) => ({ type: 'prevote', round: d.round, value: null, valid_round: -1 })),
    /** Lines 38–39. */
    lock: change((d, event) => ({ locked_value: valueOf(event), locked_round: d.round })),
    /** Lines 42–43. */
    rememberValid: change((d, event) => ({ valid_value: valueOf(event), valid_round: d.round })),
    precommitValue: order((d, event) => ({ type: 'precommit', round: d.round, value: valueOf(event) })),
    precommitNil: order((d) => ({ type: 'precommit', round: d.round, value: null })),
    schedulePropose: order((d) => ({ type: 'schedule', round: d.round, step: 'propose' })),
    schedulePrevote: order((d) => ({ type: 'schedule', round: d.round, step: 'prevote' })),
    schedulePrecommit: order((d) => ({ type: 'schedule', round: d.round, step: 'precommit' })),
  },
});

/** The block that the event is about. */
const valueOf = (event: RoundEvent): string | null => ('value' in event ? event.value : null);

/** Guards are named so that a test can plant a bug with `provide` and see it found. */
export const roundMachine = round.createMachine({
  id: 'round',
  context: { d: { round: -1, locked_value: null, locked_round: -1, valid_value: null, valid_round: -1 } },
  initial: 'unstarted',
  on: {
    // 11, 55, 65, and 47 in its fast path: the lock stays. The proposer has the timeout too: it may wait for a beacon that does not come.
    'round.started': [
      { guard: 'leadsLaterRound', target: '.propose', actions: ['enterRound', 'schedulePropose', 'propose'] },
      { guard: 'isLaterRound', target: '.propose', actions: ['enterRound', 'schedulePropose'] },
    ],
    'value.decided': '.commit', // 49
  },
  states: {
    unstarted: {},
    propose: {
      on: {
        'proposal.fresh': [
          { guard: 'mayPrevoteFresh', target: 'prevote', actions: 'prevoteProposal' }, // 24
          { target: 'prevote', actions: 'prevoteNil' }, // 26
        ],
        'proposal.repeated': [
          { guard: 'mayPrevoteRepeated', target: 'prevote', actions: 'prevoteProposal' }, // 30
          { target: 'prevote', actions: 'prevoteNil' }, // 32
        ],
        'propose.expired': { target: 'prevote', actions: 'prevoteNil' }, // 57–60
        'precommits.split': { actions: 'schedulePrecommit' }, // 47
      },
    },
    prevote: {
      on: {
        'polka.reached': { target: 'precommit', actions: ['lock', 'rememberValid', 'precommitValue'] }, // 36–43
        'polka.nil': { target: 'precommit', actions: 'precommitNil' }, // 44: the lock stays
        'prevotes.split': { actions: 'schedulePrevote' }, // 34
        'prevote.expired': { target: 'precommit', actions: 'precommitNil' }, // 61–64
        'precommits.split': { actions: 'schedulePrecommit' }, // 47
      },
    },
    precommit: {
      on: {
        'polka.reached': { actions: 'rememberValid' }, // 36, 42–43
        'precommits.split': { actions: 'schedulePrecommit' }, // 47
      },
    },
    commit: { on: { 'round.started': {}, 'value.decided': {} } }, // the height is over: nothing leads out
  },
});
