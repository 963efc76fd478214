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

  /** All changed rows as key and bytes (null = gone), ordered by key; the journal starts anew. */
  flush(): readonly RowChange[] {
    const touched = new Map<Journaled, Set<string>>();
    for (const { table, id } of this.#steps) touched.set(table, (touched.get(table) ?? new Set()).add(id));
    this.#steps.length = 0;
    this.#writer.restart();
    const spans = Array.from(touched).flatMap(([table, ids]) => Array.from(ids, (id) => this.#write(table, id)));
    const bytes = this.#writer.taken();
    return spans
      .map(({ key, start, end }) => ({ key, value: end < 0 ? null : bytes.subarray(start, end) }))
      .toSorted((a, b) => (a.key < b.key ? -1 : 1));
  }

  #write(table: Journaled, id: string): { readonly key: string; readonly start: number; readonly end: number } {
    const start = this.#writer.length;
    return { key: `${table.name}/${id}`, start, end: table.write(this.#writer, id) ? this.#writer.length : -1 };
  }
}

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
    this.#journal.note(this, id, this.#rows.get(id));
    this.#set(id, row);
  }

  remove(id: string): void {
    this.#journal.note(this, id, this.#rows.get(id));
    this.#set(id, undefined);
  }

  /** Put back what the journal noted; not noted itself. */
  restore(id: string, before: unknown): void {
    this.#set(id, before as Row | undefined);
  }

  /** Take in a stored row; not noted, since it is no change. */
  load(id: string, bytes: Uint8Array): void {
    this.#set(id, this.#codec.decode(bytes));
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

  #set(id: string, after: Row | undefined): void {
    const before = this.#rows.get(id);
    if (after === undefined) this.#rows.delete(id);
    else this.#rows.set(id, after);
    for (const watcher of this.#watchers) watcher(id, after, before);
  }
}
