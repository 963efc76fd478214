// A quick look at the transactions that carry the work: batches of hundreds of items, in which the schema library spends longer
// than the ledger does. It says yes only where the schema would; whatever it does not know, the schema judges.
import { MAX_AMOUNT, MAX_ATTEMPTS, MAX_AUDIT_SUB_UNITS, MAX_BATCH_ITEMS, MAX_SUSPECTS } from '../wire/limits.ts';
import type { Tx, TxBody } from './transaction.ts';

type Check = (value: unknown) => boolean;

const ID = /^[0-9a-f]{64}$/;
const UNIT_ID = /^[0-9a-f]{32}\/(0|[1-9][0-9]{0,5})$/;

const id: Check = (value) => typeof value === 'string' && ID.test(value);
const unitId: Check = (value) => typeof value === 'string' && UNIT_ID.test(value);
const bytes =
  (length: number): Check =>
  (value) =>
    value instanceof Uint8Array && value.length === length;
const int =
  (min: number, max: number): Check =>
  (value) =>
    Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;
const whole = int(0, Number.MAX_SAFE_INTEGER);
const literal =
  (...values: readonly unknown[]): Check =>
  (value) =>
    values.includes(value);
const amountOrZero: Check = (value) => typeof value === 'bigint' && value >= 0n && value <= MAX_AMOUNT;

const list =
  (item: Check, min: number, max: number): Check =>
  (value) =>
    Array.isArray(value) && value.length >= min && value.length <= max && value.every(item);

/** Exactly these fields: as many as there are checks, and every check passes (none takes undefined). */
function object(fields: Readonly<Record<string, Check>>): Check {
  const checks = Object.entries(fields);
  return (value) => {
    if (typeof value !== 'object' || value === null || Object.keys(value).length !== checks.length) return false;
    for (const [name, check] of checks) if (!check((value as Record<string, unknown>)[name])) return false;
    return true;
  };
}

const place = { unit: unitId, attempt: int(1, MAX_ATTEMPTS) };
const batch = (fields: Readonly<Record<string, Check>>): Check =>
  list(object({ ...place, ...fields }), 1, MAX_BATCH_ITEMS);
const hash = bytes(32);
const piece = { index: int(0, 255), result: bytes(64) };
const pieces = (fields: Readonly<Record<string, Check>>): Check => list(object(fields), 1, MAX_AUDIT_SUB_UNITS);

const BODIES: ReadonlyMap<unknown, Check> = new Map([
  [
    'draw',
    object({ type: literal('draw'), draws: batch({ purpose: literal('work', 'audit'), workers: list(id, 1, 7) }) }),
  ],
  ['commit', object({ type: literal('commit'), commits: batch({ commitment: hash }) })],
  [
    'reveal',
    object({
      type: literal('reveal'),
      reveals: batch({
        root: hash,
        output_hash: hash,
        fuel: whole,
        salt: bytes(16),
        suspects: list(bytes(16), 0, MAX_SUSPECTS),
      }),
    }),
  ],
  [
    'audit.open',
    object({ type: literal('audit.open'), opens: batch({ openings: pieces({ ...piece, proof: list(hash, 0, 8) }) }) }),
  ],
  ['audit.report', object({ type: literal('audit.report'), reports: batch({ results: pieces(piece) }) })],
]);

/** Whether this is surely the body of a batch. */
export function isBatchBody(value: unknown): value is TxBody {
  if (typeof value !== 'object' || value === null || !('type' in value)) return false;
  return BODIES.get(value.type)?.(value) === true;
}

const batchTx = object({
  v: literal(1),
  chain: id,
  account: id,
  nonce: whole,
  expiry_height: whole,
  fee_units: amountOrZero,
  body: isBatchBody,
});

/** Whether this is surely a transaction with such a body. */
export const isBatchTx = (value: unknown): value is Tx => batchTx(value);
