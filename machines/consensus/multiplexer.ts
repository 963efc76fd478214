// Which rule fires next: a fixed order, evaluated to a fixpoint after each input. Pure reading of the keepers.
// commit > skip > proposal with old polka > new proposal > current polka > nil polka > any prevotes > any precommits.
import type { SignedProposal } from '#schemas/consensus/types.ts';
import type { ProposalKeeper } from './proposal-keeper.ts';
import type { RoundStep } from './round.machine.ts';
import type { VoteKeeper } from './vote-keeper.ts';

/** What the rules look at. `fired` holds what the paper does "for the first time" in this round. */
export type RoundView = {
  readonly step: RoundStep;
  readonly round: number;
  readonly votes: VoteKeeper;
  readonly proposals: ProposalKeeper;
  readonly fired: ReadonlySet<Rule>;
};

/** The rules that fire once a round. */
export type Rule = 'polka.reached' | 'prevotes.split' | 'precommits.split';

/** A complex event; the driver turns it into a step of the round machine. */
export type Complex =
  | { readonly type: 'value.decided' }
  | { readonly type: 'round.reached'; readonly round: number }
  | { readonly type: 'proposal.repeated' | 'proposal.fresh'; readonly proposal: SignedProposal }
  | { readonly type: 'polka.reached'; readonly value: string }
  | { readonly type: 'polka.nil' | 'prevotes.split' | 'precommits.split' };

/** The first rule that holds, or undefined at the fixpoint. */
export function nextComplex(view: RoundView): Complex | undefined {
  if (view.step === 'commit') return undefined;
  return commit(view) ?? skip(view) ?? (view.step === 'unstarted' ? undefined : withinRound(view));
}

/** Line 49, in any round: Q precommits on a block that is here. */
function commit({ votes, proposals }: RoundView): Complex | undefined {
  const value = votes.commit?.value;
  return typeof value === 'string' && proposals.block(value) !== undefined ? { type: 'value.decided' } : undefined;
}

/** Line 55; and the fast path of line 47: Q nil precommits end the round at once. */
function skip({ votes, round }: RoundView): Complex | undefined {
  const later = votes.skipRound;
  if (later > round) return { type: 'round.reached', round: later };
  const isNil = votes.round(round)?.certificate('precommit', null, -1) !== undefined;
  return isNil ? { type: 'round.reached', round: round + 1 } : undefined;
}

function withinRound(view: RoundView): Complex | undefined {
  if (view.step === 'propose') return proposal(view) ?? split(view, 'precommit');
  return currentPolka(view) ?? nilPolka(view) ?? split(view, 'prevote') ?? split(view, 'precommit');
}

/** Lines 28 and 22, the repeated one first. */
function proposal(view: RoundView): Complex | undefined {
  const all = view.proposals.of(view.round);
  const repeated = all.find((p) => p.valid_round >= 0 && hasPolka(view, p.valid_round, p.value));
  if (repeated !== undefined) return { type: 'proposal.repeated', proposal: repeated };
  const fresh = all.find((p) => p.valid_round === -1);
  return fresh && { type: 'proposal.fresh', proposal: fresh };
}

/** Any polka of that round on the value: all its votes share one valid_round. */
function hasPolka({ votes }: RoundView, round: number, value: string): boolean {
  return votes.round(round)?.polkas.some((polka) => polka.value === value) ?? false;
}

/** Line 36. The body stands for the proposal: Q prevoted for it, so a correct validator saw it proposed. */
function currentPolka({ round, votes, proposals, fired }: RoundView): Complex | undefined {
  if (fired.has('polka.reached')) return undefined;
  const polka = votes.round(round)?.polkas.find((p) => p.value !== null && proposals.block(p.value) !== undefined);
  return typeof polka?.value === 'string' ? { type: 'polka.reached', value: polka.value } : undefined;
}

/** Line 44. */
function nilPolka({ step, round, votes }: RoundView): Complex | undefined {
  const isNil = step === 'prevote' && votes.round(round)?.certificate('prevote', null, -1) !== undefined;
  return isNil ? { type: 'polka.nil' } : undefined;
}

const SPLIT = { prevote: 'prevotes.split', precommit: 'precommits.split' } as const;

/** Lines 34 (in step prevote) and 47. */
function split({ step, round, votes, fired }: RoundView, type: 'prevote' | 'precommit'): Complex | undefined {
  const rule = SPLIT[type];
  if (fired.has(rule) || (type === 'prevote' && step !== 'prevote')) return undefined;
  return (votes.round(round)?.anyPower(type) ?? 0) >= votes.quorum ? { type: rule } : undefined;
}
