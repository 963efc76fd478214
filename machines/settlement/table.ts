// Rows in memory with an undo: what a refused transaction wrote is taken back, and what a block changed is known at its end.
import { encodeRow, type RowCodec } from '#schemas/settlement/row-codec.ts';
import { RowWriter } from '#schemas/settlement/row-writer.ts';
import type { RowChange } from './types.ts';

/** Told of every change, its taking back included, so that what it derives is always true. */
export type Watcher<Row> = (id: string, after: Row | undefined, before: Row | undefined) => void;

/** Where a row stands; one that is gone keeps its place to the end of the block. */
type Place<Row> = {
  readonly id: string;
  row: Row | undefined;
  /** Whether the journal has steps of it. */
  isTouched: boolean;
};

/** A table as the journal sees it. */
type Journaled = {
  readonly name: string;
  restore(step: Step): void;
  flush(place: Place<unknown>, writer: RowWriter): boolean;
};

/** One change: what stood there before, and whether it was the first of its place in this block. */
type Step = {
  readonly table: Journaled;
  readonly place: Place<unknown>;
  readonly before: unknown;
  readonly isFirst: boolean;
};

/** Where a row would end that is not there any more. */
const GONE = -1;

/** What was changed since the block began, in order, with what stood there before. */
export class Journal {
  readonly #steps: Step[] = [];
  readonly #writer = new RowWriter();

  /** The row at `place` is about to change. */
  note(table: Journaled, place: Place<unknown>): void {
    this.#steps.push({ table, place, before: place.row, isFirst: !place.isTouched });
    place.isTouched = true;
  }

  /** A point to come back to. */
  mark(): number {
    return this.#steps.length;
  }

  /** Take back everything since `mark`, last first. */
  rollback(mark: number): void {
    while (this.#steps.length > mark) {
      const step = this.#steps.pop();
      step?.table.restore(step);
    }
  }

  /**
   * All changed rows as key and bytes (null = gone), each once, in the order of their first change; the journal starts anew.
   * They share one buffer: memory of its own for each would cost more than writing it.
   */
  flush(): readonly RowChange[] {
    this.#writer.restart();
    const spans: { readonly key: string; readonly start: number; readonly end: number }[] = [];
    for (const { table, place } of this.#steps) {
      if (!place.isTouched) continue;
      place.isTouched = false;
      const start = this.#writer.length;
      const end = table.flush(place, this.#writer) ? this.#writer.length : GONE;
      spans.push({ key: `${table.name}/${place.id}`, start, end });
    }
    this.#steps.length = 0;
    const bytes = this.#writer.taken();
    return spans.map(({ key, start, end }) => ({ key, value: end === GONE ? null : bytes.subarray(start, end) }));
  }
}

/** The rows of one kind by id; rows are replaced, never changed. */
export class Table<Row> {
  readonly name: string;
  readonly #codec: RowCodec<Row>;
  readonly #journal: Journal;
  readonly #places = new Map<string, Place<Row>>();
  readonly #watchers: Watcher<Row>[] = [];
  #size = 0;

  constructor(name: string, codec: RowCodec<Row>, journal: Journal) {
    this.name = name;
    this.#codec = codec;
    this.#journal = journal;
  }

  get size(): number {
    return this.#size;
  }

  get(id: string): Row | undefined {
    return this.#places.get(id)?.row;
  }

  has(id: string): boolean {
    return this.get(id) !== undefined;
  }

  /** All rows, in no order that may decide anything. */
  *entries(): Generator<[string, Row], void, undefined> {
    for (const { id, row } of this.#places.values()) if (row !== undefined) yield [id, row];
  }

  put(id: string, row: Row): void {
    const place = this.#places.get(id) ?? this.#open(id);
    this.#journal.note(this, place);
    this.#set(place, row);
  }

  remove(id: string): void {
    const place = this.#places.get(id);
    if (place?.row === undefined) return;
    this.#journal.note(this, place);
    this.#set(place, undefined);
  }

  /** Put back what the journal noted; not noted itself. */
  restore({ place, before, isFirst }: Step): void {
    this.#set(place as Place<Row>, before as Row | undefined);
    if (!isFirst) return;
    place.isTouched = false;
    this.#closeIfGone(place);
  }

  /** Take in a stored row; not noted, since it is no change. */
  load(id: string, bytes: Uint8Array): void {
    this.#set(this.#open(id), this.#codec.decode(bytes));
  }

  encode(id: string): Uint8Array | null {
    const row = this.get(id);
    return row === undefined ? null : encodeRow(this.#codec, row);
  }

  /** The block is over: write the row, if there still is one. */
  flush(place: Place<Row>, writer: RowWriter): boolean {
    if (place.row !== undefined) this.#codec.write(writer, place.row);
    else this.#closeIfGone(place);
    return place.row !== undefined;
  }

  watch(watcher: Watcher<Row>): void {
    this.#watchers.push(watcher);
  }

  #open(id: string): Place<Row> {
    const place = { id, row: undefined, isTouched: false };
    this.#places.set(id, place);
    return place;
  }

  #closeIfGone({ id, row }: Place<unknown>): void {
    if (row === undefined) this.#places.delete(id);
  }

  #set(place: Place<Row>, after: Row | undefined): void {
    const before = place.row;
    place.row = after;
    this.#size += (after === undefined ? 0 : 1) - (before === undefined ? 0 : 1);
    for (const watcher of this.#watchers) watcher(place.id, after, before);
  }
}
