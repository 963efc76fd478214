// Draws a schedule in which the set changes: who begins, who joins and leaves when, and who is not to be relied on in any set.
import type { Prng } from '#machines/primitives/prng.ts';
import type { Plan, Request } from './plan.ts';

/** Validators of a schedule, and what they ask for. */
export type Cast = Pick<Plan, 'powers' | 'requests'> & {
  readonly founders: number;
  /** Byzantine or bound to lose what they signed: less than a third of any set that may come about. */
  readonly unreliable: readonly number[];
};

/** Height by which most have asked: the set changes at most once in a dozen heights, so some wait for each other. */
const LAST_REQUEST = 8;
/** Heights at which others come: they find a set that has changed. */
const LATE = [12, 18] as const;

/** Three to five begin, up to three come, and some go; in one of four schedules power differs. */
export function drawCast(prng: Prng): Cast {
  const founders = prng.pick([3, 4, 4, 4, 5]);
  const nodes = founders + prng.pick([0, 1, 1, 2, 2, 3]);
  const isWeighted = prng.chance(256);
  const powers = Array.from({ length: nodes }, () => (isWeighted ? prng.between(1, 3) : 1));
  const leavers = powers.map(() => prng.chance(300));
  const requests = powers.flatMap((_, node) => drawRequests(prng, node, node < founders, leavers[node] === true));
  const stays = (node: number): boolean => node < founders && leavers[node] === false;
  return { powers, founders, requests, unreliable: prng.chance(600) ? drawUnreliable(prng, powers, stays) : [] };
}

/** A founder that leaves may come back once its stake is free; who came may leave again. */
function drawRequests(prng: Prng, node: number, isFounder: boolean, leaves: boolean): readonly Request[] {
  const isLate = prng.chance(300);
  const joined = isFounder ? 0 : isLate ? prng.between(...LATE) : prng.between(1, LAST_REQUEST / 2);
  const left = prng.between(joined + 1, joined + LAST_REQUEST / 2);
  const stops = isFounder && leaves && prng.chance(400);
  const ask = (asks: Request['asks'], at_height: number): Request => ({
    node,
    at_height,
    asks,
    stops: stops && asks === 'leave',
  });
  return [
    ...(isFounder ? [] : [ask('join', joined)]),
    ...(leaves ? [ask('leave', left)] : []),
    ...(leaves && !stops && prng.chance(300) ? [ask('join', left + prng.between(20, 30))] : []),
  ];
}

/**
 * Every set holds the founders that stay with all their power, and of the others any part: so what is unreliable in it is less than a
 * third if twice its power is less than that of those who stay and are reliable.
 */
function drawUnreliable(prng: Prng, powers: readonly number[], stays: (node: number) => boolean): readonly number[] {
  let firm = powers.reduce((sum, power, node) => sum + (stays(node) ? power : 0), 0);
  let lost = 0;
  const unreliable: number[] = [];
  const first = prng.below(powers.length);
  for (const i of powers.keys()) {
    const node = (first + i) % powers.length;
    const power = powers[node] ?? 0;
    const left = firm - (stays(node) ? power : 0);
    if (2 * (lost + power) >= left || prng.chance(200)) continue;
    firm = left;
    lost += power;
    unreliable.push(node);
  }
  return unreliable;
}
