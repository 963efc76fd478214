// The ledger: executes final blocks over its rows, keeps their Merkle root, answers questions about them. Deterministic.
import { bytesToHex } from '@noble/hashes/utils.js';
import type { z } from 'zod';
import type { Genesis } from '#schemas/config/genesis.ts';
import type { Membership } from '#schemas/consensus/types.ts';
import type { JobRow, NodeRow, ProofRow, SettlementRow, UnitRow, ValidatorRow } from '#schemas/settlement/state.ts';
import type { Asset, Draw, Tx } from '#schemas/settlement/transaction.ts';
import type { Code } from '#schemas/wire/codes.ts';
import { MAX_BATCH_ITEMS, MIN_CHECKPOINT_HEIGHTS, STATE_CHECKPOINT_MS } from '#schemas/wire/limits.ts';
import { assert, present } from '../primitives/assert.ts';
import { type StateProof, StateTree } from '../primitives/state-tree.ts';
import type { DrawExplanation, Purpose } from '../work/draw.ts';
import { balanceOf, nextNonce } from './accounts.ts';
import { applyTx, checkTx } from './apply.ts';
import { type BlockContext, type Books, head, type LedgerCrypto, locate, openBooks, setHead } from './books.ts';
import { passDeadlines } from './deadlines.ts';
import { explainUnitDraw, hearBeacon, pendingDraws, waitsForBeacon } from './draws.ts';
import { closeIfDue, closeIfFull, owesSettlement, restoreSettled } from './epochs.ts';
import { noteHour } from './evidence-age.ts';
import { openGenesis } from './genesis-rows.ts';
import { type KeygenView, keygenView } from './keygen-view.ts';
import { membershipAt, membershipOf } from './memberships.ts';
import { dropHistory, type EarlyBeacon, keepBeacon, keepPool, refreshPool, restorePool } from './pools.ts';
import { releaseUnits } from './release.ts';
import { changeSet } from './set-change.ts';
import { lockedStake } from './stake-lock.ts';
import type { BlockChanges, BlockResult, RowChange } from './types.ts';
import { validatorRows } from './validators.ts';

/** What of a final block the ledger executes. */
export type LedgerBlock = {
  readonly height: number;
  /** Block time, ms; never falls. */
  readonly time_ms: number;
  /** The signature that is an earlier height's beacon, as the header brings it. */
  readonly beacon: { readonly height: number; readonly signature: Uint8Array } | null;
  /** Decoded, signatures verified; null where bytes in a final block are no transaction. */
  readonly txs: readonly (Tx | null)[];
};

/** A row with the proof that it stands under the state root of the last checkpoint; value null: proof that there is none. */
export type ProvenRow = {
  readonly key: string;
  readonly value: Uint8Array | null;
  readonly proof: StateProof;
  readonly state_root: string;
};

/** A ledger that keeps no tree over its rows: it executes and answers, and can neither name its root nor prove a row. */
export type TreelessLedger = ReturnType<typeof treelessOver>;
/** A ledger with the tree over its rows, which follows at each checkpoint. */
export type Ledger = ReturnType<typeof ledgerOver>;

/** Stored rows of a ledger, in any order. */
type Rows = Iterable<readonly [key: string, bytes: Uint8Array]>;

/** The ledger before its first block, with the rows of its genesis, which are to be stored with its first checkpoint. */
export const createLedger = (genesis: Genesis, chain: string, crypto: LedgerCrypto): Ledger =>
  ledgerOver(genesisBooks(genesis, chain, crypto), new StateTree(crypto.sha256));

/** The same ledger without its tree. */
export const createTreelessLedger = (genesis: Genesis, chain: string, crypto: LedgerCrypto): TreelessLedger =>
  treelessOver(genesisBooks(genesis, chain, crypto));

function genesisBooks(genesis: Genesis, chain: string, crypto: LedgerCrypto): Books {
  const books = openBooks(genesis, chain, crypto);
  openGenesis(books);
  refreshPool(books);
  return books;
}

/** The ledger as of the checkpoint whose rows are stored: the same root and the same behaviour as the one that stored them. */
export function openLedger(genesis: Genesis, chain: string, crypto: LedgerCrypto, rows: Rows): Ledger {
  const tree = new StateTree(crypto.sha256);
  const books = storedBooks(genesis, chain, crypto, rows, (key, value) => tree.update([{ key, value }]));
  return ledgerOver(books, tree);
}

/** The same ledger without its tree. */
export const openTreelessLedger = (genesis: Genesis, chain: string, crypto: LedgerCrypto, rows: Rows): TreelessLedger =>
  treelessOver(storedBooks(genesis, chain, crypto, rows, () => undefined));

function storedBooks(
  genesis: Genesis,
  chain: string,
  crypto: LedgerCrypto,
  rows: Rows,
  onRow: (key: string, bytes: Uint8Array) => void,
): Books {
  const books = openBooks(genesis, chain, crypto);
  for (const [key, bytes] of rows) {
    const { table, id } = locate(books, key);
    table.load(id, bytes);
    onRow(key, bytes);
  }
  const { height, time_ms, pool_version } = head(books);
  books.block = { height, time_ms };
  restorePool(books, pool_version);
  return books;
}

/** The ledger with its tree. */
function ledgerOver(books: Books, tree: StateTree) {
  const ledger = treelessOver(books, (changes) => tree.update(changes));
  /** State root as of the last checkpoint, hex: the one that the next header carries. */
  const stateRoot = (): string => bytesToHex(tree.root());
  return {
    ...ledger,
    /** Execute a block, as without a tree, and name the root that the next header carries. */
    executeBlock: (block: LedgerBlock): BlockResult => ({ ...ledger.executeBlock(block), state_root: stateRoot() }),
    stateRoot,
    /** Prove how a row (key as in schemas/settlement/state.ts) was at the last checkpoint, or that there was none. */
    prove: (key: string): ProvenRow => {
      const { steps, found } = tree.find(key);
      const valueOf = (row: string): Uint8Array | null => {
        const { table, id } = locate(books, row);
        return table.encodeKept(id);
      };
      const other = found === null || found === key ? null : { key: found, value: present(valueOf(found), found) };
      return { key, value: valueOf(key), proof: { steps, other }, state_root: stateRoot() };
    },
  };
}

/** @param onChanges hears the rows that changed since the checkpoint before, those of the genesis first */
function treelessOver(books: Books, onChanges: (changes: readonly RowChange[]) => void = () => undefined) {
  const settled = restoreSettled(books);
  // Genesis rows are still in the journal: they reach the tree now and the store with the first checkpoint.
  let unstored = books.journal.checkpoint();
  let last_checkpoint = books.block;
  onChanges(unstored);

  /** The state is named and given to the store: a row that changed in many blocks is encoded and hashed once for all of them. */
  function takeCheckpoint(): readonly RowChange[] {
    last_checkpoint = books.block;
    const changed = books.journal.checkpoint();
    const changes = unstored.length === 0 ? changed : mergeChanges(unstored, changed);
    unstored = [];
    onChanges(changed);
    return changes;
  }

  /** Execute a block. Refused transactions are part of it; a broken invariant throws and leaves the ledger unusable. */
  function executeBlock(block: LedgerBlock): BlockChanges {
    beginBlock(books, block);
    const outcomes = block.txs.map((tx) => {
      if (tx === null) return 'TX_MALFORMED';
      const code = applyTx(books, tx);
      closeIfFull(books, settled);
      return code;
    });
    endBlock(books, block, settled);
    const changes = isCheckpoint(books.block, last_checkpoint) ? takeCheckpoint() : [];
    return { events: books.events, changes, outcomes };
  }

  return {
    executeBlock,
    /** The last executed height; 0 before the first. */
    height: (): number => books.block.height,
    /** Block time of the last executed block, ms. */
    timeMs: (): number => books.block.time_ms,
    /** Whether a transaction may wait for a later block; its signature is checked elsewhere. */
    check: (tx: Tx): Code | null => checkTx(books, tx),
    balance: (asset: Asset, account: string): bigint => balanceOf(books, asset, account),
    nextNonce: (account: string): number => nextNonce(books, account),
    /** A unit under way or parked. */
    unit: (unit: string): UnitRow | undefined => books.tables.tasks.get(unit),
    /** The receipt of a settled unit. */
    receipt: (unit: string): ProofRow | undefined => books.tables.proofs.get(unit),
    job: (id: string): JobRow | undefined => books.tables.jobs.get(id),
    /** All jobs, oldest first. */
    jobs: (): JobRow[] =>
      rowsOf(books.tables.jobs).toSorted((a, b) => a.submitted_height - b.submitted_height || order(a.id, b.id)),
    node: (id: string): NodeRow | undefined => books.tables.nodes.get(id),
    /** Who runs a height up to the last executed one + 2. */
    membership: (height: number): Membership => membershipAt(books, height),
    /** The membership of an epoch; undefined while it is not fixed. */
    membershipOf: (epoch: number): Membership | undefined => membershipOf(books, epoch),
    /** Who is a validator, wants to be, or was and has its stake locked. */
    validators: (): readonly ValidatorRow[] => validatorRows(books),
    /** What of an account's stake cannot be moved now, minor units. */
    lockedStake: (account: string): bigint => lockedStake(books, account, balanceOf(books, 'stake', account)),
    /** The generation for an epoch: what it is about, where it stands, what was said; kept for the newest two. */
    keygen: (epoch: number): KeygenView | undefined => keygenView(books, epoch),
    /** All nodes by id. */
    nodes: (): NodeRow[] => rowsOf(books.tables.nodes).toSorted((a, b) => order(a.id, b.id)),
    /** Reputation in basis points; undefined for what is no worker. */
    reputation: (id: string): number | undefined => books.tables.reputation.get(id)?.basis_points,
    /** Workers that can be drawn now. */
    eligibleCount: (): number => books.pool.pool.size,
    settlement: (seq: number): SettlementRow | undefined => books.tables.settlements.get(`${seq}`),
    /** Settlements closed so far: their numbers run from 0. */
    settlementsCount: (): number => head(books).settlements_count,
    /** Sum of all balances, pots included: by the conservation law the supply of the genesis. */
    supply: (asset: Asset): bigint => books.indexes.totals.get(asset) ?? 0n,
    /** Draws of workers that are possible now, oldest first, open for at least `older_than_ms` of block time; `early` is the last height's beacon. */
    pendingDraws: (older_than_ms = 0, limit = MAX_BATCH_ITEMS, early?: EarlyBeacon): readonly z.infer<typeof Draw>[] =>
      pendingDraws(books, older_than_ms, limit, early),
    /** Whether units wait for a beacon that only further blocks bring: a reason for blocks without transactions. */
    waitsForBeacon: (): boolean => waitsForBeacon(books, 'work') || waitsForBeacon(books, 'audit'),
    /** Whether a draw waits for the beacon of the last height: somebody may then send it in the very block that brings it. */
    drawsByBeacon: (): boolean => books.indexes.waiting.work.has(books.block.height),
    /** Whether a finished job waits for its settlement, which closes some blocks after the one before: another such reason. */
    owesSettlement: (): boolean => owesSettlement(books),
    explainDraw: (unit: string, purpose: Purpose): DrawExplanation | undefined => explainUnitDraw(books, unit, purpose),
  };
}

function beginBlock(books: Books, { height, time_ms, beacon }: LedgerBlock): void {
  assert(height === books.block.height + 1, `block ${height} follows ${books.block.height}`);
  const before_ms = books.block.time_ms;
  books.block = { height, time_ms: Math.max(time_ms, books.block.time_ms) };
  books.events = [];
  noteHour(books, before_ms);
  if (beacon !== null) {
    keepBeacon(books, beacon.height, beacon.signature);
    hearBeacon(books, beacon.height);
  }
  passDeadlines(books);
}

function endBlock(books: Books, { beacon }: LedgerBlock, settled: StateTree): void {
  closeIfDue(books, settled);
  refreshPool(books);
  releaseUnits(books);
  keepPool(books);
  dropHistory(books);
  changeSet(books, beacon?.signature ?? null);
  setHead(books, { ...head(books), ...books.block, pool_version: books.pool.version });
  for (const [asset, supply] of books.supply) {
    const total = books.indexes.totals.get(asset) ?? 0n;
    assert(total === supply, `${asset} is conserved: ${total} of ${supply} at height ${books.block.height}`);
  }
  books.journal.endBlock();
}

/** By block time and height alone, so that all nodes take the same ones whenever they started (ADR 16). */
const isCheckpoint = (block: BlockContext, last: BlockContext): boolean =>
  block.time_ms - last.time_ms >= STATE_CHECKPOINT_MS && block.height - last.height >= MIN_CHECKPOINT_HEIGHTS;

function mergeChanges(first: readonly RowChange[], then: readonly RowChange[]): readonly RowChange[] {
  const merged = new Map(first.map((change) => [change.key, change]));
  for (const change of then) merged.set(change.key, change);
  return Array.from(merged.values());
}

const rowsOf = <Row>(table: { entries(): Iterable<[string, Row]> }): Row[] =>
  Array.from(table.entries(), ([, row]) => row);
const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
