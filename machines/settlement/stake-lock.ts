// Stake that secures something: a validator's power until it is unbonded, and all of a worker's while it works or audits.
import type { Books } from './books.ts';

/** What of the account's stake may not move, minor units; it may be more than it holds, when some was slashed. */
export function lockedStake(books: Books, account: string, held_units: bigint): bigint {
  return books.indexes.assignments.has(account) ? held_units : bondedStake(books, account);
}

/**
 * What a validator's row locks, minor units. Evidence may still come for who left, so its stake stays until `unbonding_heights`
 * have passed; who was punished has lost all that it held.
 */
export function bondedStake(books: Books, account: string): bigint {
  const row = books.tables.validators.get(account);
  const { unbonding_heights, validator_stake_units } = books.params;
  if (row === undefined || row.state === 'punished') return 0n;
  if (row.state === 'left' && books.block.height >= row.since_height + unbonding_heights) return 0n;
  return BigInt(row.power) * validator_stake_units;
}
