// Rows in memory with an undo: what a refused transaction wrote is taken back, and what a block changed is known at its end.
import { encodeRow, type RowCodec } from '#schemas/settlement/row-codec.ts';
import { RowWriter } from '#schemas/settlement/row-writer.ts';
import type { RowChange } from './types.ts';

/** Told of every change, its taking back included, so that what it derives is always true. */
export type Watcher<Row> = (id: string, after: Row | undefined, before: Row | undefined) => void;

/** A table as the journal sees it. */
type Journaled = {
  readonly name: string;
  restore(id: string, before: unknown): void;
  write(writer: RowWriter, id: string): boolean;
};

/** What was changed since the block began, in order, with what stood there before. */
export class Journal {
  readonly #steps: { readonly table: Journaled; readonly id: string; readonly before: unknown }[] = [];
  readonly #writer = new RowWriter();

  note(table: Journaled, id: string, before: unknown): void {
    this.#steps.push({ table, id, before });
  }

  /** A point to come back to. */
  mark(): number {
    return this.#steps.length;
  }

  /** Take back everything since `mark`, last first. */
  rollback(mark: number): void {
    while (this.#steps.length > mark) {
      const step = this.#steps.pop();
      step?.table.restore(step.id, step.before);
    }
  }

  /** All changed rows as key and bytes (null = gone), each once, by table; the journal starts anew. */
  flush(): readonly RowChange[] {
    const touched = new Map<Journaled, Set<string>>();
    for (const { table, id } of this.#steps) {
      const ids = touched.get(table);
      if (ids === undefined) touched.set(table, new Set([id]));
      else ids.add(id);
    }
    this.#steps.length = 0;
    return this.#written(touched);
  }

  /** All rows into one buffer: memory of its own for each would cost more than writing it. */
  #written(touched: ReadonlyMap<Journaled, ReadonlySet<string>>): RowChange[] {
    this.#writer.restart();
    const spans: { readonly key: string; readonly start: number; readonly end: number }[] = [];
    for (const [table, ids] of touched)
      for (const id of ids) {
        const start = this.#writer.length;
        const end = table.write(this.#writer, id) ? this.#writer.length : GONE;
        spans.push({ key: `${table.name}/${id}`, start, end });
      }
    const bytes = this.#writer.taken();
    return spans.map(({ key, start, end }) => ({ key, value: end === GONE ? null : bytes.subarray(start, end) }));
  }
}

/** Where a row would end that is not there any more. */
const GONE = -1;

/** The rows of one kind by id; rows are replaced, never changed. */
export class Table<Row> {
  readonly name: string;
  readonly #codec: RowCodec<Row>;
  readonly #journal: Journal;
  readonly #rows = new Map<string, Row>();
  readonly #watchers: Watcher<Row>[] = [];

  constructor(name: string, codec: RowCodec<Row>, journal: Journal) {
    this.name = name;
    this.#codec = codec;
    this.#journal = journal;
  }

  get size(): number {
    return this.#rows.size;
  }

  get(id: string): Row | undefined {
    return this.#rows.get(id);
  }

  has(id: string): boolean {
    return this.#rows.has(id);
  }

  /** All rows, in no order that may decide anything. */
  entries(): IterableIterator<[string, Row]> {
    return this.#rows.entries();
  }

  put(id: string, row: Row): void {
    this.#change(id, row);
  }

  remove(id: string): void {
    this.#change(id, undefined);
  }

  /** Put back what the journal noted; not noted itself. */
  restore(id: string, before: unknown): void {
    this.#set(id, before as Row | undefined, this.#rows.get(id));
  }

  /** Take in a stored row; not noted, since it is no change. */
  load(id: string, bytes: Uint8Array): void {
    this.#set(id, this.#codec.decode(bytes), undefined);
  }

  encode(id: string): Uint8Array | null {
    const row = this.#rows.get(id);
    return row === undefined ? null : encodeRow(this.#codec, row);
  }

  /** Whether there is such a row to write. */
  write(writer: RowWriter, id: string): boolean {
    const row = this.#rows.get(id);
    if (row !== undefined) this.#codec.write(writer, row);
    return row !== undefined;
  }

  watch(watcher: Watcher<Row>): void {
    this.#watchers.push(watcher);
  }

  #change(id: string, after: Row | undefined): void {
    const before = this.#rows.get(id);
    this.#journal.note(this, id, before);
    this.#set(id, after, before);
  }

  #set(id: string, after: Row | undefined, before: Row | undefined): void {
    if (after === undefined) this.#rows.delete(id);
    else this.#rows.set(id, after);
    for (const watcher of this.#watchers) watcher(id, after, before);
  }
}
