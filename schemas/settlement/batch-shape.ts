// The transactions that carry the work, jobs of units and batches of items: read straight from the bytes, and judged at a glance where
// the schema library spends longer than the ledger does. Both say yes only where the schema would; the schema judges the rest.
import { interned, type KnownTexts, knownTexts } from '../wire/interned.ts';
import {
  MAX_AMOUNT,
  MAX_ATTEMPTS,
  MAX_AUDIT_SUB_UNITS,
  MAX_BATCH_ITEMS,
  MAX_JOB_UNITS,
  MAX_SUSPECTS,
} from '../wire/limits.ts';
import { encode } from '../wire/msgpack.ts';
import { Reader } from '../wire/reader.ts';
import { fitsBatch, JobSubmit, type Reveal, type Tx, type TxBody } from './transaction.ts';

/** One field: whether a value may stand there, and how to read one that may; the reader fails at others. */
type Part = {
  readonly is: (value: unknown) => boolean;
  readonly read: (reader: Reader) => unknown;
};
type Parts = Readonly<Record<string, Part>>;
type Results = Extract<TxBody, { type: 'results' }>;

const part = <T>(is: (value: unknown) => boolean, next: (reader: Reader) => T): Part => ({
  is,
  read: (reader) => {
    const value = next(reader);
    return is(value) ? value : reader.refuse(value);
  },
});

/** Text of a kind: what was read before is known to be right. */
function text(pattern: RegExp): Part {
  const known: KnownTexts = knownTexts((value) => pattern.test(value));
  return { is: (value) => typeof value === 'string' && pattern.test(value), read: (reader) => reader.textOf(known) };
}
const id = text(/^[0-9a-f]{64}$/);
const unitId = text(/^[0-9a-f]{32}\/(0|[1-9][0-9]{0,5})$/);
/** Text that needs no remembering of its own; where it is not ASCII, reading fails and the schema judges. */
const words = (is: (value: string) => boolean): Part =>
  part(
    (value) => typeof value === 'string' && is(value),
    (reader) => reader.textOf(interned),
  );
const literal = (...texts: readonly string[]): Part => words((value) => texts.includes(value));

const bytes = (length: number): Part =>
  part(
    (value) => value instanceof Uint8Array && value.length === length,
    (reader) => reader.binary(),
  );
const int = (min: number, max: number): Part =>
  part(
    (value) => Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max,
    (reader) => reader.whole(),
  );
const whole = int(0, Number.MAX_SAFE_INTEGER);
const amountFrom = (min: bigint): Part =>
  part(
    (value) => typeof value === 'bigint' && value >= min && value <= MAX_AMOUNT,
    (reader) => reader.value(),
  );

const list = (item: Part, min: number, max: number): Part => ({
  is: (value) => Array.isArray(value) && value.length >= min && value.length <= max && value.every(item.is),
  read: (reader) => {
    const length = reader.array();
    if (length < min || length > max) return reader.refuse([]);
    const items: unknown[] = [];
    while (items.length < length && !reader.hasFailed) items.push(item.read(reader));
    return items;
  },
});

/** How a map of so many fields, up to 15, begins (msgpack: fixmap). */
const startOf = (count: number, first: string): Uint8Array => Uint8Array.of(0x80 | count, ...encode(first));

/** Exactly these fields (no part takes undefined); read in this order, which is the one that they are written in. */
function object(parts: Parts): Part {
  const count = Object.keys(parts).length;
  const fields = Object.entries(parts).map(([name, field], i) => {
    const written = i === 0 ? startOf(count, name) : encode(name);
    return { name, written, ...field };
  });
  return {
    is: (value) => {
      if (typeof value !== 'object' || value === null || Object.keys(value).length !== count) return false;
      return fields.every(({ name, is }) => is((value as Record<string, unknown>)[name]));
    },
    read: (reader) => {
      const out: Record<string, unknown> = {};
      for (const { name, written, read } of fields) {
        reader.expect(written);
        out[name] = read(reader);
      }
      return out;
    },
  };
}

/** Exactly these values, in this order. */
const tuple = (...parts: readonly Part[]): Part => ({
  is: (value) => Array.isArray(value) && value.length === parts.length && parts.every(({ is }, i) => is(value[i])),
  read: (reader) => (reader.array() === parts.length ? parts.map(({ read }) => read(reader)) : reader.refuse([])),
});

const attempt = int(1, MAX_ATTEMPTS);
const hash = bytes(32);
const openings = list(tuple(bytes(64), list(hash, 0, 8)), 1, MAX_AUDIT_SUB_UNITS);
const suspects = list(bytes(16), 0, MAX_SUSPECTS);
const placeOfAttempt = tuple(unitId, attempt);
const reveal = tuple(unitId, attempt, hash, hash, whole, bytes(16), suspects);
const items = (item: Part): Part => list(item, 0, MAX_BATCH_ITEMS);

/** A body of this type; its bytes begin with `start`. */
type Body = Part & { readonly type: string; readonly start: Uint8Array };

function bodyOf(type: string, fields: Parts): Body {
  const parts = { type: literal(type), ...fields };
  const start = Uint8Array.of(...startOf(Object.keys(parts).length, 'type'), ...encode(type));
  return { type, start, ...object(parts) };
}

const anyResults = bodyOf('results', {
  commits: items(tuple(unitId, attempt, hash)),
  reveals: items(reveal),
  opens: items(tuple(unitId, attempt, openings)),
  reports: items(tuple(unitId, attempt, hash)),
});
const results: Body = {
  ...anyResults,
  is: (value) => anyResults.is(value) && fitsBatch(value as Results),
  read: (reader) => {
    const value = anyResults.read(reader);
    return reader.hasFailed || fitsBatch(value as Results) ? value : reader.refuse(value);
  },
};
const draw = bodyOf('draw', { draws: list(object({ unit: unitId, attempt, worker: id }), 1, MAX_BATCH_ITEMS) });
const job = bodyOf('job.submit', {
  idempotency_key: words(({ length }) => length >= 1 && length <= 64),
  kernel: literal(...JobSubmit.shape.kernel.options),
  start: bytes(16),
  unit_log2: int(8, 40),
  units: int(1, MAX_JOB_UNITS),
  reward_per_unit_units: amountFrom(1n),
});
const BODIES = [draw, results, job];

const body: Part = {
  is: isBatchBody,
  read: (reader) => BODIES.find(({ start }) => reader.isNext(start))?.read(reader) ?? reader.refuse(null),
};

const batchTx = object({
  v: int(1, 1),
  chain: id,
  account: id,
  nonce: whole,
  expiry_height: whole,
  fee_units: amountFrom(0n),
  body,
});

/** Whether this is surely the body of a batch; a job is one of units. */
export function isBatchBody(value: unknown): value is TxBody {
  return BODIES.some(({ is }) => is(value));
}

/** Which attempt: the beginning of each of its results. */
export type Place = [unit: string, attempt: number];

/** Whether this is exactly what a batch may show of an attempt. */
export const isReveal = (value: unknown): value is Reveal => reveal.is(value);
/** Whether this is exactly the place of an attempt. */
export const isPlace = (value: unknown): value is Place => placeOfAttempt.is(value);

/** The transaction in exactly these bytes, if it surely carries such a body, its fields in the order of the schema. */
export function readBatchTx(bytes: Uint8Array): Tx | undefined {
  const reader = new Reader(bytes);
  const tx = batchTx.read(reader);
  return reader.isDone ? (tx as Tx) : undefined;
}
