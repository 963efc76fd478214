// Cheap twins of dealings: the ledger judges them by the same questions as real ones, without a curve. Nobody's shares are secret here.
import { combinationOf } from '#machines/beacon/dealing.ts';
import type { DealingPlan } from '#machines/beacon/plan.ts';
import { polynomialsCount } from '#machines/beacon/plan.ts';
import type { DealingRules } from '#machines/settlement/books.ts';

const SCALAR_BYTES = 32;

/** The twin dealing of this dealer: its name. */
export const twinDealing = ({ dealers }: DealingPlan, dealer: number): Uint8Array =>
  Uint8Array.from(dealers[dealer]?.id ?? '', (digit) => digit.charCodeAt(0));

/** What a twin dealer has for a receiver: as many shares as a real one. */
export const twinShares = (plan: DealingPlan, dealer: number, receiver: number): Uint8Array[] =>
  Array.from({ length: polynomialsCount(plan, dealer) * (plan.receivers[receiver]?.power ?? 0) }, (_, i) =>
    new Uint8Array(SCALAR_BYTES).fill(1 + dealer + receiver + i),
  );

/** In the twin world the public share of each seat is the group key itself; a first one is named after who dealt it. */
export const twinDealings: DealingRules = {
  checkDealing: (plan, dealer, bytes) => (isSame(bytes, twinDealing(plan, dealer)) ? null : 'DEALING_MALFORMED'),
  checkRevealed(plan, dealer, _dealing, receiver, shares) {
    const dealt = twinShares(plan, dealer, receiver);
    return dealt.length === shares.length && dealt.every((share, i) => isSame(share, shares[i]));
  },
  combineDealings(plan, qualified) {
    if (combinationOf(plan, qualified.keys()) === undefined) return undefined;
    const [first = 0] = qualified.keys();
    const { id = '', beacon_shares = [] } = plan.dealers[first] ?? {};
    const group_key = beacon_shares[0] ?? `${id}${id.slice(32)}`;
    return { group_key, shares: plan.receivers.map(({ power }) => Array.from({ length: power }, () => group_key)) };
  },
};

const isSame = (a: Uint8Array, b: Uint8Array | undefined): boolean =>
  a.length === b?.length && a.every((byte, i) => byte === b[i]);
