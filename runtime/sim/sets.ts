// Whose votes count at each height, for the oracles: members by node, as executing the blocks has fixed them.
import { membershipHash } from '#schemas/consensus/membership-codec.ts';
import type { Membership } from '#schemas/consensus/types.ts';
import type { Report } from './oracles/violation.ts';
import { keyOf } from './sim-genesis.ts';

/** The set of a height as oracles read it. */
export type SimSet = {
  readonly membership: Membership;
  /** Node of each member, by its index in the set. */
  readonly nodes: readonly number[];
  /** Power of each member, by its index in the set. */
  readonly powers: readonly number[];
  readonly total: number;
};

export type Sets = {
  /** Of a height up to two after the last that anybody has executed; of a later one the newest. */
  at(height: number): SimSet;
  /** Executing a block has left a validator with this set for the height after the next. */
  fixed(height: number, membership: Membership): void;
};

/** Heights from the block that fixes a set to the first that the set decides. */
const ANNOUNCED_HEIGHTS = 2;

/** @param nodes validators that there are, members or not */
export function createSets(genesis: Membership, nodes: number, report: Report): Sets {
  const nodeOf = new Map(Array.from({ length: nodes }, (_, node) => [keyOf('validator', node), node]));
  const setOf = (membership: Membership): SimSet => {
    const powers = membership.validators.map(({ power }) => power);
    const total = powers.reduce((sum, power) => sum + power, 0);
    return { membership, nodes: membership.validators.map(({ id }) => nodeOf.get(id) ?? -1), powers, total };
  };
  let newest = setOf(genesis);
  const known: SimSet[] = [newest];
  /** Each ledger has its own, for as long as the epoch lasts. */
  const compared = new WeakSet([genesis]);

  function compare(height: number, membership: Membership): void {
    const hash = membershipHash(membership);
    const first = known.find((set) => set.membership.epoch === membership.epoch);
    if (first === undefined || membershipHash(first.membership) !== hash)
      report('set_differs', -1, `epoch ${membership.epoch}, as of height ${height}`);
  }

  return {
    at(height) {
      if (newest.membership.first_height <= height) return newest;
      return known.findLast(({ membership }) => membership.first_height <= height) ?? newest;
    },
    fixed(height, membership) {
      if (compared.has(membership)) return;
      compared.add(membership);
      if (membership.epoch <= newest.membership.epoch) return compare(height, membership);
      const next = setOf(membership);
      const wrong = wrongIn(newest, next, height);
      if (wrong !== undefined) report('set_leap', -1, `epoch ${membership.epoch}: ${wrong}`);
      known.push(next);
      newest = next;
    },
  };
}

/** What a set that block `height` has fixed may not be beside the one before; undefined: it may. */
function wrongIn(before: SimSet, next: SimSet, height: number): string | undefined {
  const { epoch, first_height, beacon_key } = next.membership;
  const changed = changedPower(before, next);
  if (epoch !== before.membership.epoch + 1) return `it follows epoch ${before.membership.epoch}`;
  if (first_height !== height + ANNOUNCED_HEIGHTS) return `fixed at ${height}, it begins at ${first_height}`;
  if (3 * changed > before.total) return `${changed} of ${before.total} seats have changed`;
  if (before.membership.beacon_key !== null && beacon_key !== before.membership.beacon_key)
    return 'the beacon has another key';
  return undefined;
}

/** Power that has come and gone, in all. */
function changedPower(before: SimSet, next: SimSet): number {
  const powers = new Map(next.nodes.map((node, i) => [node, next.powers[i] ?? 0]));
  let changed = 0;
  for (const [i, node] of before.nodes.entries()) {
    changed += Math.abs((powers.get(node) ?? 0) - (before.powers[i] ?? 0));
    powers.delete(node);
  }
  for (const power of powers.values()) changed += power;
  return changed;
}
