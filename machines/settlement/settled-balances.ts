// The balances that settlements alone lead to, and the root over them: what an offline verifier recomputes from the records.
import { utf8ToBytes } from '@noble/hashes/utils.js';
import type { SettlementEntry } from '#schemas/settlement/state.ts';
import type { Sha256 } from '../primitives/seeded-draw.ts';
import { StateTree, type TreeChange } from '../primitives/state-tree.ts';

/** `{asset}/{account}` → sum of all its settlement entries; may be negative (escrow pays out), never 0: such lines go. */
export type SettledBalances = ReadonlyMap<string, bigint>;

/** The balances after a settlement with these entries. */
export function applySettlement(balances: SettledBalances, entries: readonly SettlementEntry[]): SettledBalances {
  const next = new Map(balances);
  for (const { a, k, d } of entries) {
    const sum = (next.get(`${a}/${k}`) ?? 0n) + d;
    if (sum === 0n) next.delete(`${a}/${k}`);
    else next.set(`${a}/${k}`, sum);
  }
  return next;
}

/** The `state_root` of a settlement: state tree over `{asset}/{account}` → the balance in decimal digits, UTF-8. */
export function settledRoot(balances: SettledBalances, sha256: Sha256): Uint8Array {
  const tree = new StateTree(sha256);
  tree.update(Array.from(balances, ([key, amount]) => settledChange(key, amount)));
  return tree.root();
}

/** One line of the settled balances as a change of their tree: for who keeps the tree instead of rebuilding it. */
export const settledChange = (key: string, amount: bigint): TreeChange => ({
  key,
  value: amount === 0n ? null : utf8ToBytes(amount.toString()),
});
