// The host's rows: one place that spells their keys. Actor ids are hex and ports plain words, so `/` separates safely.
import assert from 'node:assert/strict';
import type { z } from 'zod';
import { decodeBody, encode } from '#schemas/wire/msgpack.ts';
import type { Store, StoreOp } from '../store/store.ts';

/** Whole numbers in keys: padded, so that key order is number order. */
const padded = (n: number): string => String(n).padStart(16, '0');

export const row = {
  /** When this host started, ms: rises with each start (see outbox.ts, `life`). */
  life: 'host/life',
  /** Height up to which every actor that is not behind has heard the ledger. */
  height: 'host/height',
  snapshot: (actor: string) => `snapshot/${actor}`,
  /** Why an actor is stopped. */
  stopped: (actor: string) => `stopped/${actor}`,
  /** Own height of an actor that is behind the host's. */
  behind: (actor: string) => `behind/${actor}`,
  /** Last counter applied per sender. */
  mark: (receiver: string, sender: string) => `mark/${receiver}/${sender}`,
  /** Next counter per receiver. */
  channel: (sender: string, receiver: string) => `channel/${sender}/${receiver}`,
  /** When the receiver's host started, ms, as it last said. */
  peerLife: (sender: string, receiver: string) => `peer-life/${sender}/${receiver}`,
  outbox: (sender: string, receiver: string, first: number) => `outbox/${sender}/${receiver}/${padded(first)}`,
  outboxOf: (sender: string, receiver: string) => `outbox/${sender}/${receiver}/`,
  nonce: (account: string) => `nonce/${account}`,
  submit: (account: string, nonce: number) => `submit/${account}/${padded(nonce)}`,
  timer: (actor: string, id: string) => `timer/${actor}/${id}`,
  io: (actor: string, port: string, key: string) => `io/${actor}/${port}/${key}`,
  quarantine: (actor: string, seq: number) => `quarantine/${actor}/${padded(seq)}`,
  quarantineOf: (actor: string) => `quarantine/${actor}/`,
} as const;

/** What one turn writes. */
export class Changes {
  readonly ops: StoreOp[] = [];

  put(key: string, value: unknown): void {
    this.ops.push({ type: 'put', key, value: encode(value) });
  }
  putBytes(key: string, value: Uint8Array): void {
    this.ops.push({ type: 'put', key, value });
  }
  del(key: string): void {
    this.ops.push({ type: 'del', key });
  }
}

/** A value of our own row. A row of another shape means a broken disk or a foreign database: a bug, not a refusal. */
export function parseRow<T extends z.ZodType>(key: string, schema: T, bytes: Uint8Array): z.output<T> {
  const got = decodeBody(schema, bytes);
  assert(got.ok, `the row ${key} is not of its schema`);
  return got.value;
}

/** The value of one row, or `otherwise` where there is none. */
export async function readRow<T extends z.ZodType>(
  store: Store,
  key: string,
  schema: T,
  otherwise: z.output<T>,
): Promise<z.output<T>> {
  const bytes = await store.get(key);
  return bytes === undefined ? otherwise : parseRow(key, schema, bytes);
}

/** Rows of one table, each with its key cut into `parts` pieces after the table's name; the last piece keeps its slashes. */
export async function* readTable<T extends z.ZodType>(store: Store, table: string, parts: number, schema: T) {
  for await (const [key, bytes] of store.scan(`${table}/`))
    yield [cut(key, parts), parseRow(key, schema, bytes)] as const;
}

function cut(key: string, parts: number): string[] {
  const pieces = key.split('/').slice(1);
  return [...pieces.slice(0, parts - 1), pieces.slice(parts - 1).join('/')];
}
