// The books: all rows of the ledger by kind, what is derived from them, and the block that is being executed.
import type { Genesis, Params } from '#schemas/config/genesis.ts';
import type { HeadRow, LedgerEvent } from '#schemas/settlement/state.ts';
import { Asset } from '#schemas/settlement/transaction.ts';
import type { Code } from '#schemas/wire/codes.ts';
import type * as dealing from '../beacon/dealing.ts';
import type { Crypto } from '../consensus/types.ts';
import { present } from '../primitives/assert.ts';
import type { Pool } from '../work/draw.ts';
import { createIndexes, type Indexes } from './indexes.ts';
import { Journal, type Table } from './table.ts';
import { createTables, type Tables } from './tables.ts';

/** The workers that may be drawn now; `version` rises with every change of the list. */
export type CurrentPool = {
  readonly version: number;
  readonly members: Uint8Array;
  readonly pool: Pool;
  /** Block time at which the list may change although nothing was written, ms. */
  readonly changes_at_ms: number;
};

/** Where the transaction that is being applied stands. */
export type BlockContext = { readonly height: number; readonly time_ms: number };

/** How dealings of a key generation are judged: on the curve in production, by cheap twins in the simulator. */
export type DealingRules = Pick<typeof dealing, 'checkDealing' | 'checkRevealed' | 'combineDealings'>;

/** What the ledger computes with: SHA-256, Ed25519 for what stands inside transactions, and the algebra of dealings. */
export type LedgerCrypto = Pick<Crypto, 'sha256' | 'verify'> & { readonly dealings: DealingRules };

export type Books = {
  readonly genesis: Genesis;
  readonly params: Params;
  /** Chain id, hex. */
  readonly chain: string;
  readonly crypto: LedgerCrypto;
  /** What there is of each asset: only the genesis creates any. */
  readonly supply: ReadonlyMap<Asset, bigint>;
  readonly journal: Journal;
  readonly tables: Tables;
  readonly indexes: Indexes;
  block: BlockContext;
  pool: CurrentPool;
  /** What the block did so far. */
  events: LedgerEvent[];
};

/** Books without rows. */
export function openBooks(genesis: Genesis, chain: string, crypto: LedgerCrypto): Books {
  const journal = new Journal();
  const tables = createTables(journal);
  const noPool = { version: 0, members: new Uint8Array(0), pool: emptyPool, changes_at_ms: 0 };
  const block = { height: 0, time_ms: genesis.time_ms };
  const indexes = createIndexes(tables);
  const supply = new Map(Asset.options.map((asset) => [asset, mintedBy(genesis, asset)]));
  return {
    genesis,
    params: genesis.params,
    chain,
    crypto,
    supply,
    journal,
    tables,
    indexes,
    block,
    pool: noPool,
    events: [],
  };
}

const mintedBy = ({ balances }: Genesis, asset: Asset): bigint =>
  balances.reduce((sum, line) => sum + (line.asset === asset ? line.amount_units : 0n), 0n);

const emptyPool: Pool = { size: 0, id: () => '', operator: () => '' };

/** The table and the id of a row's key: `{table}/{id}`. */
export function locate(books: Books, key: string): { readonly table: Table<unknown>; readonly id: string } {
  const slash = key.indexOf('/');
  const name = key.slice(0, slash);
  const tables = books.tables as Readonly<Record<string, unknown>>;
  const table = Object.hasOwn(tables, name) ? (tables[name] as Table<unknown>) : undefined;
  return { table: present(table, `rows are kept under ${key}`), id: key.slice(slash + 1) };
}

/** Apply all of something or nothing: a refusal takes back what was written and said. */
export function allOrNothing(books: Books, apply: () => Code | null): Code | null {
  const mark = books.journal.mark();
  const eventsCount = books.events.length;
  const code = apply();
  if (code !== null) {
    books.journal.rollback(mark);
    books.events.length = eventsCount;
  }
  return code;
}

export const emit = (books: Books, event: LedgerEvent): void => {
  books.events.push(event);
};

/** The row of the ledger's own counters: key `head/0`. */
const HEAD = '0';
export const head = (books: Books) => present(books.tables.head.get(HEAD), 'the ledger has a head');
export const setHead = (books: Books, row: HeadRow): void => books.tables.head.put(HEAD, row);
