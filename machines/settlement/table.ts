// Rows in memory with an undo: what a refused transaction wrote is taken back, and what a block changed is known at its end.
import type { RowCodec } from '#schemas/settlement/row-codec.ts';

/** Told of every change, its taking back included, so that what it derives is always true. */
export type Watcher<Row> = (id: string, after: Row | undefined, before: Row | undefined) => void;

/** A table as the journal sees it. */
type Journaled = {
  readonly name: string;
  restore(id: string, before: unknown): void;
  encode(id: string): Uint8Array | null;
};

/** What was changed since the block began, in order, with what stood there before. */
export class Journal {
  readonly #steps: { readonly table: Journaled; readonly id: string; readonly before: unknown }[] = [];

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
  flush(): { readonly key: string; readonly value: Uint8Array | null }[] {
    const touched = new Map<string, { table: Journaled; id: string }>();
    for (const { table, id } of this.#steps) touched.set(`${table.name}/${id}`, { table, id });
    this.#steps.length = 0;
    return Array.from(touched.keys())
      .toSorted()
      .map((key) => {
        const { table, id } = touched.get(key) as { table: Journaled; id: string };
        return { key, value: table.encode(id) };
      });
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
    return row === undefined ? null : this.#codec.encode(row);
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
