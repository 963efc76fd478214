// The registry: who takes part, for which operator, and how it fares: passes, faults, misconduct.
import { concatBytes, hexToBytes } from '@noble/hashes/utils.js';
import type { NodeRow } from '#schemas/settlement/state.ts';
import type { Tx } from '#schemas/settlement/transaction.ts';
import type { Code } from '#schemas/wire/codes.ts';
import { TAG } from '#schemas/wire/tags.ts';
import { allocate } from '../primitives/allocate.ts';
import { present } from '../primitives/assert.ts';
import { BURNED, balanceOf, settle } from './accounts.ts';
import { type Books, emit } from './books.ts';

/** Reputation, basis points (work rules): where it starts, what a checked success adds and a fault takes. */
const REPUTATION_START = 5_000;
const REPUTATION_MAX = 10_000;
const REPUTATION_PASS = 100;
const REPUTATION_FAULT = 500;
/** Faults that bring a pause; one is forgiven for so many passed results: about 3 in 100. */
const FAULTS_PER_PAUSE = 3;
const PASSES_PER_FORGIVEN = 32;
const HOUR_MS = 3_600_000;
/** The pause doubles no further: 2^10 hours are six weeks. */
const MAX_DOUBLINGS = 10;
/** After a proven lie, ms: a day. */
const MISCONDUCT_PAUSE_MS = 24 * HOUR_MS;
/** Part of slashed stake that goes to who found the fault, percent; the rest is burned. */
const FINDER_PERCENT = 30n;

type Registered = Pick<NodeRow, 'id' | 'kind' | 'operator'>;

/** Enter a node into the registry. Workers begin with a middling reputation and count as away until they are heard. */
export function addNode(books: Books, { id, kind, operator }: Registered): void {
  const fresh = { last_seen_ms: 0, passed_count: 0, fault_count: 0, paused_until_ms: 0, last_fault_ms: 0 };
  books.tables.nodes.put(id, { id, kind, operator, registered_height: books.block.height, ...fresh });
  if (kind === 'worker') books.tables.reputation.put(id, { basis_points: REPUTATION_START });
}

/** What an operator signs to agree to a node: TAG.operator | node id 32. */
export const operatorSignBytes = (node: string): Uint8Array => concatBytes(TAG.operator, hexToBytes(node));

/** Transaction `node.register`. */
export function applyRegister(books: Books, tx: Tx, body: Extract<Tx['body'], { type: 'node.register' }>): Code | null {
  const { kind, operator, operator_signature } = body;
  if (books.tables.nodes.has(tx.account)) return 'NODE_EXISTS';
  const isAgreed = books.crypto.verify(operator, operatorSignBytes(tx.account), operator_signature);
  if (!isAgreed) return 'OPERATOR_SIGNATURE_INVALID';
  addNode(books, { id: tx.account, kind, operator });
  return null;
}

/** Who answers for an account: its node's operator, or the account itself. */
export const operatorOf = (books: Books, account: string): string =>
  books.tables.nodes.get(account)?.operator ?? account;

/** A checked result of this worker was right. */
export function notePass(books: Books, worker: string): void {
  const node = nodeOf(books, worker);
  const passed_count = node.passed_count + 1;
  const isForgiven = passed_count % PASSES_PER_FORGIVEN === 0 && node.fault_count > 0;
  books.tables.nodes.put(worker, { ...node, passed_count, fault_count: node.fault_count - (isForgiven ? 1 : 0) });
  moveReputation(books, worker, REPUTATION_PASS);
}

/**
 * The node missed a deadline. Every third fault pauses it, 1 h at first, then twice as long each time. What an outage
 * hits before the network takes the node for away is one fault, not one for each unit.
 */
export function noteFault(books: Books, id: string): void {
  const node = nodeOf(books, id);
  const { time_ms } = books.block;
  const outage_ms = books.params.commit_deadline_ms + books.params.away_after_ms;
  if (node.last_fault_ms > 0 && time_ms - node.last_fault_ms < outage_ms) return;
  const fault_count = node.fault_count + 1;
  const pause_ms = fault_count % FAULTS_PER_PAUSE === 0 ? pauseOf(fault_count / FAULTS_PER_PAUSE) : 0;
  const paused_until_ms = Math.max(node.paused_until_ms, pause_ms === 0 ? 0 : time_ms + pause_ms);
  books.tables.nodes.put(id, { ...node, fault_count, paused_until_ms, last_fault_ms: time_ms });
  moveReputation(books, id, -REPUTATION_FAULT);
}

const pauseOf = (nth: number): number => HOUR_MS * 2 ** Math.min(nth - 1, MAX_DOUBLINGS);

/** The node was proven to lie: stake, reputation and a day. */
export function noteMisconduct(
  books: Books,
  id: string,
  amount_units: bigint,
  finders: readonly string[],
  reason: string,
): void {
  slash(books, id, amount_units, finders, reason);
  const node = nodeOf(books, id);
  const paused_until_ms = Math.max(node.paused_until_ms, books.block.time_ms + MISCONDUCT_PAUSE_MS);
  books.tables.nodes.put(id, { ...node, fault_count: node.fault_count + 1, paused_until_ms });
  moveReputation(books, id, -REPUTATION_MAX);
}

/** Take up to `amount_units` of the node's stake: 30 % to the finders in equal parts, the rest is burned. */
export function slash(
  books: Books,
  id: string,
  amount_units: bigint,
  finders: readonly string[],
  reason: string,
): void {
  const held = balanceOf(books, 'stake', id);
  const taken = held < amount_units ? held : amount_units;
  const found = finders.length === 0 ? 0n : (taken * FINDER_PERCENT) / 100n;
  const weights = finders.map((key) => ({ key, weight: 1n }));
  const shares = finders.length === 0 ? [] : allocate(found, weights);
  settle(books, 'stake', id, [...shares, { key: BURNED, amount_units: taken - found }]);
  emit(books, { type: 'node.slashed', node: id, amount_units: taken, reason });
}

const nodeOf = (books: Books, id: string): NodeRow => present(books.tables.nodes.get(id), `node ${id} is registered`);

function moveReputation(books: Books, id: string, difference: number): void {
  const { basis_points } = books.tables.reputation.get(id) ?? { basis_points: REPUTATION_START };
  const moved = Math.min(REPUTATION_MAX, Math.max(0, basis_points + difference));
  if (moved !== basis_points) books.tables.reputation.put(id, { basis_points: moved });
}
