// The next validator set: everybody's power moves towards what they want, the most urgent first, and little enough at a time.
import type { ValidatorSet } from '#schemas/consensus/types.ts';
import type { Candidate } from '#schemas/settlement/state.ts';
import { MAX_SET_POWER, MAX_VALIDATORS } from '#schemas/wire/limits.ts';
import { totalPower } from '../consensus/electorate.ts';

/** Power that may come and go between two sets, in all: two thirds of the seats stay in hands that are known. */
export const mayChange = (total: number): number => Math.floor(total / 3);

/**
 * The set to come. Who is in both keeps its place, newcomers follow in the order of their wishes. A change that is too large
 * for one step is done in part, so that the heaviest validator can leave too. Never empty: two thirds stay.
 *
 * @param wishes who wants another power than it has, most urgent first; power 0 wants to be gone
 */
export function nextSet(present: ValidatorSet, wishes: readonly Candidate[]): readonly Candidate[] {
  const next = new Map<string, Candidate>(present.map(({ beacon_shares: _, ...member }) => [member.id, member]));
  const total = totalPower(present);
  let budget = mayChange(total);
  let room = MAX_SET_POWER - total;
  for (const wish of wishes) {
    const member = next.get(wish.id);
    const now = member?.power ?? 0;
    const isShut = member === undefined && next.size >= MAX_VALIDATORS;
    const change = wish.power < now ? -Math.min(now - wish.power, budget) : Math.min(wish.power - now, budget, room);
    if (change === 0 || isShut) continue;
    if (now + change === 0) next.delete(wish.id);
    else next.set(wish.id, { ...(member ?? wish), power: now + change });
    budget -= Math.abs(change);
    room -= change;
  }
  return Array.from(next.values());
}

/** Whether the sets have the same members with the same power. */
export const isSameSet = (a: readonly Candidate[], b: readonly Candidate[]): boolean =>
  a.length === b.length && a.every(({ id, power }, i) => id === b[i]?.id && power === b[i]?.power);
