// Rows in memory with an undo: what a refused transaction wrote is taken back, and what changed since the last checkpoint is known.
import { encodeRow, type RowCodec } from '#schemas/settlement/row-codec.ts';
import { RowWriter } from '#schemas/settlement/row-writer.ts';
import { present } from '../primitives/assert.ts';
import type { RowChange } from './types.ts';

/** Told of every change, its taking back included, so that what it derives is always true. */
export type Watcher<Row> = (id: string, after: Row | undefined, before: Row | undefined) => void;

/** Where a row stands; one that is gone keeps its place to the next checkpoint. */
type Place<Row> = {
  readonly table: Journaled;
  readonly id: string;
  row: Row | undefined;
  /** The row as of the last checkpoint: what is stored and can be proven. */
  kept: Row | undefined;
  /** Whether the journal knows it as changed since then. */
  isTouched: boolean;
};

/** A table as the journal sees it. */
type Journaled = {
  readonly name: string;
  restore(place: Place<unknown>, before: unknown): void;
  keep(place: Place<unknown>, writer: RowWriter): void;
  closeIfGone(place: Place<unknown>): void;
};

/** One change: what stood there before, and whether it was the first of its place since the last checkpoint. */
type Step = { readonly place: Place<unknown>; readonly before: unknown; readonly isFirst: boolean };

/** What changed: in this block step by step, with what stood there before; since the last checkpoint as a list of places. */
export class Journal {
  readonly #steps: Step[] = [];
  readonly #touched: Place<unknown>[] = [];
  readonly #writer = new RowWriter();

  /** The row at `place` is about to change. */
  note(place: Place<unknown>): void {
    const isFirst = !place.isTouched;
    this.#steps.push({ place, before: place.row, isFirst });
    if (!isFirst) return;
    place.isTouched = true;
    this.#touched.push(place);
  }

  /** A point to come back to. */
  mark(): number {
    return this.#steps.length;
  }

  /** Take back everything since `mark`, last first. */
  rollback(mark: number): void {
    while (this.#steps.length > mark) {
      const { place, before, isFirst } = present(this.#steps.pop(), 'there are more than at the mark');
      place.table.restore(place, before);
      if (!isFirst) continue;
      this.#touched.pop();
      place.isTouched = false;
      place.table.closeIfGone(place);
    }
  }

  /** The block is over: nothing of it is taken back any more. */
  endBlock(): void {
    this.#steps.length = 0;
  }

  /**
   * The rows that differ from the last checkpoint's, each once, as key and bytes (null = gone), in the order of their first
   * change; from now on they are the last checkpoint's. What came and went since is not among them. They share one buffer:
   * memory of its own for each would cost more than writing it.
   */
  checkpoint(): readonly RowChange[] {
    this.endBlock();
    this.#writer.restart();
    const spans: { readonly key: string; readonly isGone: boolean; readonly start: number; readonly end: number }[] =
      [];
    for (const place of this.#touched) {
      const { table } = place;
      const isGone = place.row === undefined;
      const isChanged = place.row !== place.kept;
      const start = this.#writer.length;
      table.keep(place, this.#writer);
      if (isChanged) spans.push({ key: `${table.name}/${place.id}`, isGone, start, end: this.#writer.length });
    }
    this.#touched.length = 0;
    const bytes = this.#writer.taken();
    return spans.map(({ key, isGone, start, end }) => ({ key, value: isGone ? null : bytes.subarray(start, end) }));
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
    this.#journal.note(place);
    this.#set(place, row);
  }

  /** Put what `change` makes of the row, or remove it: a get and a put that look for it once. */
  update(id: string, change: (row: Row | undefined) => Row | undefined): void {
    const place = this.#places.get(id) ?? this.#open(id);
    const after = change(place.row);
    this.#journal.note(place);
    this.#set(place, after);
  }

  remove(id: string): void {
    const place = this.#places.get(id);
    if (place?.row === undefined) return;
    this.#journal.note(place);
    this.#set(place, undefined);
  }

  /** Put back what the journal noted; not noted itself. */
  restore(place: Place<unknown>, before: unknown): void {
    this.#set(place as Place<Row>, before as Row | undefined);
  }

  /** Take in a stored row; not noted, since it is no change. */
  load(id: string, bytes: Uint8Array): void {
    const place = this.#open(id);
    this.#set(place, this.#codec.decode(bytes));
    place.kept = place.row;
  }

  /** The row as of the last checkpoint, or null where there was none. */
  encodeKept(id: string): Uint8Array | null {
    const kept = this.#places.get(id)?.kept;
    return kept === undefined ? null : encodeRow(this.#codec, kept);
  }

  /** A checkpoint is taken: write the row, if there still is one and it is another. */
  keep(place: Place<Row>, writer: RowWriter): void {
    if (place.row !== undefined && place.row !== place.kept) this.#codec.write(writer, place.row);
    place.kept = place.row;
    place.isTouched = false;
    this.closeIfGone(place);
  }

  /** Give up the place of a row that is neither there nor stored. */
  closeIfGone({ id, row }: Place<unknown>): void {
    if (row === undefined) this.#places.delete(id);
  }

  watch(watcher: Watcher<Row>): void {
    this.#watchers.push(watcher);
  }

  #open(id: string): Place<Row> {
    const place = { table: this, id, row: undefined, kept: undefined, isTouched: false };
    this.#places.set(id, place);
    return place;
  }

  #set(place: Place<Row>, after: Row | undefined): void {
    const before = place.row;
    place.row = after;
    this.#size += (after === undefined ? 0 : 1) - (before === undefined ? 0 : 1);
    for (const watcher of this.#watchers) watcher(place.id, after, before);
  }
}
