// Who proposes: a pure function of the membership, the height and the round, so that every view change brings another leader.
import { sha256 } from '@noble/hashes/sha2.js';
import { hexToBytes } from '@noble/hashes/utils.js';
import type { Membership } from '#schemas/consensus/types.ts';
import { present } from '../primitives/assert.ts';
import { seededOrder } from '../primitives/seeded-draw.ts';

/** What the turns of an epoch follow from. */
type Turns = Pick<Membership, 'validators' | 'proposer_seed' | 'first_height'>;

/** Index of the proposer. Each height begins one place further in the epoch's table, and each round goes one further. */
export function proposerOf(membership: Turns, height: number, round: number): number {
  const table = proposerTable(membership);
  return present(table[(height - membership.first_height + round) % table.length], 'a set has a seat');
}

/** Whether the member `self` (−1: none) proposes in the round at this position; before the first round, whether it will. */
export const isProposer = (
  membership: Turns,
  { height, round }: { readonly height: number; readonly round: number },
  self: number,
): boolean => self >= 0 && proposerOf(membership, height, Math.max(round, 0)) === self;

/** Made once for each set that is in use. */
const tables = new WeakMap<Turns['validators'], { readonly seed: string; readonly table: readonly number[] }>();

/**
 * Members by index, each as often as it has seats, in an order that `proposer_seed` draws. Neighbours differ, the last and the first
 * too, wherever no member has more than half of the seats: two rounds in a row under one dead leader would cost twice the timeout.
 */
export function proposerTable({ validators, proposer_seed }: Turns): readonly number[] {
  const known = tables.get(validators);
  if (known?.seed === proposer_seed) return known.table;
  const seats = validators.flatMap(({ power }, i) => Array.from({ length: power }, () => i));
  const order = [...seededOrder(hexToBytes(proposer_seed), seats.length, sha256)];
  const table = apart(order.map((seat) => seats[seat] ?? 0));
  tables.set(validators, { seed: proposer_seed, table });
  return table;
}

/** One place after the other: the first in the drawn order that leaves the rest a way to stay apart. */
function apart(drawn: readonly number[]): readonly number[] {
  const left = [...drawn];
  const counts = new Map<number, number>();
  for (const member of left) counts.set(member, (counts.get(member) ?? 0) + 1);
  const table: number[] = [];
  while (left.length > 0) {
    const at = left.findIndex((member) => mayStand(table, counts, left.length, member));
    for (const member of left.splice(Math.max(at, 0), 1)) {
      table.push(member);
      counts.set(member, (counts.get(member) ?? 0) - 1);
    }
  }
  return table;
}

/** Whether this member may stand next, with `length` places left. */
function mayStand(
  table: readonly number[],
  counts: ReadonlyMap<number, number>,
  length: number,
  member: number,
): boolean {
  if (member === table.at(-1)) return false;
  const ends = [member, table[0] ?? member];
  for (const [other, count] of counts) {
    const left = other === member ? count - 1 : count;
    if (left > most(length - 1, ends.filter((end) => end === other).length)) return false;
  }
  return true;
}

/** Places that one member can take apart among `length` in a row, of whose two ends so many lie beside a place of its own. */
const most = (length: number, ends: number): number => Math.max(0, Math.floor((length + 1 - ends) / 2));
