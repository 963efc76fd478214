// The log of the current height: every input that changed the core, in order, on disk before what it led to is said.
// Rows `cs/log/<height>/<number>`, one for each batch: CRC-32C u32 | (length u32 | input)*. The batch that makes a height final
// deletes them.
import { LayoutReader } from '#schemas/consensus/fixed-layout.ts';
import { LazyPut } from '../store/lazy-put.ts';
import type { Store, StoreOp } from '../store/store.ts';
import { ConsensusError } from './consensus-error.ts';
import { decodeRecord, encodeRecord } from './crc32c.ts';
import { decodeInput, inputBytes, type RecordedInput, writeInput } from './input-codec.ts';

const PREFIX = 'cs/log/';
const padded = (n: number): string => String(n).padStart(12, '0');
const keyOf = (height: number, number: number): string => `${PREFIX}${padded(height)}/${padded(number)}`;

/** Keys of one height by number, made once: the logs of a process are mostly at the same height. */
type KeyTable = { readonly height: number; readonly keys: string[] };
let latest: KeyTable = { height: 0, keys: [] };

function keyTable(height: number): KeyTable {
  if (latest.height !== height) latest = { height, keys: [] };
  return latest;
}

export class HeightLog {
  #table: KeyTable;
  /** The height's rows that are on disk, or handed out to be. */
  #written: number;
  #pending: RecordedInput[] = [];

  constructor(height: number, written: number) {
    this.#table = keyTable(height);
    this.#written = written;
  }

  append(input: RecordedInput): void {
    this.#pending.push(input);
  }

  /** A row of what came since the last call; it goes into the batch of whatever is said next. */
  take(): StoreOp[] {
    if (this.#pending.length === 0) return [];
    const inputs = this.#pending;
    this.#pending = [];
    return [new LazyPut(this.#key(this.#written++), () => encodeRow(inputs))];
  }

  /** Go on with `height`: the rows of the one before are of no use once it is final. Gives the rows to delete. */
  advance(height: number): StoreOp[] {
    const old = Array.from(
      { length: this.#written },
      (_, number): StoreOp => ({ type: 'del', key: this.#key(number) }),
    );
    this.#table = keyTable(height);
    this.#written = 0;
    this.#pending = [];
    return old;
  }

  #key(number: number): string {
    const { height, keys } = this.#table;
    return (keys[number] ??= keyOf(height, number));
  }
}

/** What the log holds of a height. */
export type LogContent = { readonly inputs: readonly RecordedInput[]; readonly log: HeightLog };

/**
 * Read the log of `height`. A torn last row is truncated: its batch was never acted on.
 *
 * @throws ConsensusError LOG_CORRUPT when a row before the last is bad or missing
 */
export async function openLog(store: Store, height: number): Promise<LogContent> {
  const rows: Uint8Array[] = [];
  for await (const [key, value] of store.scan(`${PREFIX}${padded(height)}/`)) {
    if (key !== keyOf(height, rows.length))
      throw new ConsensusError('LOG_CORRUPT', `row ${rows.length} of height ${height} is missing`);
    rows.push(value);
  }
  const read = rows.map(decodeRow);
  const bad = read.indexOf(undefined);
  if (bad !== -1) {
    if (bad < rows.length - 1) throw new ConsensusError('LOG_CORRUPT', `row ${bad} of height ${height}`);
    await store.batch([{ type: 'del', key: keyOf(height, bad) }]);
    read.pop();
  }
  return { inputs: read.flatMap((inputs) => inputs ?? []), log: new HeightLog(height, read.length) };
}

const LENGTH_BYTES = 4;

function encodeRow(inputs: readonly RecordedInput[]): Uint8Array {
  const sizes = inputs.map(inputBytes);
  const size = sizes.reduce((sum, bytes) => sum + LENGTH_BYTES + bytes, 0);
  return encodeRecord(size, (writer) =>
    inputs.reduce((next, input, i) => writeInput(next.u32(sizes[i] ?? 0), input), writer),
  );
}

function decodeRow(row: Uint8Array): RecordedInput[] | undefined {
  const body = decodeRecord(row);
  if (body === undefined) return undefined;
  const reader = new LayoutReader(body);
  const inputs: RecordedInput[] = [];
  while (!reader.isDone) {
    const input = decodeInput(reader.sized(body.length));
    if (reader.hasFailed || !input.ok) return undefined;
    inputs.push(input.value);
  }
  return inputs;
}
