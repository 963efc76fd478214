// The rows that a genesis means: first balances, validators, known nodes.
import { genesisMembership } from '../consensus/genesis-membership.ts';
import { assert } from '../primitives/assert.ts';
import { balanceOf } from './accounts.ts';
import { type Books, setHead } from './books.ts';
import { keepMembership } from './memberships.ts';
import { addNode } from './nodes.ts';

/** Amounts are stored in 64 bits, and nobody can hold more than there is. */
const MAX_SUPPLY = 2n ** 63n - 1n;

/** Write the genesis into empty books. @throws AssertionError when it names a node twice or mints more than 2^63 − 1 */
export function openGenesis(books: Books): void {
  const { genesis, tables } = books;
  for (const { account, asset, amount_units } of genesis.balances) {
    const sum = balanceOf(books, asset, account) + amount_units;
    if (sum > 0n) tables.accounts.put(`${asset}/${account}`, { amount_units: sum });
  }
  for (const [asset, supply] of books.supply) assert(supply <= MAX_SUPPLY, `the supply of ${asset} fits 63 bits`);
  const validators = genesis.validators.map(({ id, operator }) => ({ id, kind: 'validator' as const, operator }));
  for (const node of [...validators, ...genesis.nodes]) {
    assert(!tables.nodes.has(node.id), `node ${node.id} stands once in the genesis`);
    addNode(books, node);
  }
  openRegistry(books);
  setHead(books, { height: 0, time_ms: genesis.time_ms, pool_version: 0, settlements_count: 0, unsettled_height: 0 });
}

/** The first membership, and its validators as members of the registry. */
function openRegistry(books: Books): void {
  const { genesis, chain, tables } = books;
  keepMembership(books, genesisMembership({ id: chain, genesis }));
  for (const { beacon_shares: _, ...member } of genesis.validators)
    tables.validators.put(member.id, { ...member, state: 'member', since_height: 0 });
}
