// Types of the RocksDB binding, which ships none: only what rocks-store.ts uses.
declare module '@nxtedition/rocksdb' {
  type OpenOptions = {
    readonly createIfMissing: boolean;
    readonly keyEncoding: 'utf8';
    readonly valueEncoding: 'buffer';
    readonly compaction: 'level' | 'universal';
    readonly memtableMemoryBudget: number;
    readonly cacheSize: number;
    readonly parallelism: number;
    readonly walCompression: boolean;
  };
  type WriteOptions = { readonly sync: boolean };

  type Operation =
    | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array }
    | { readonly type: 'del'; readonly key: string };
  export type RowIterator = {
    /** The next rows, at most `size`; none at the end. */
    nextv(size: number): Promise<[key: string, value: Uint8Array][]>;
    close(): Promise<void>;
  };
  export class RocksLevel {
    static open(location: string, options: OpenOptions): Promise<RocksLevel>;
    batch(operations: readonly Operation[], options: WriteOptions): Promise<void>;
    getMany(keys: readonly string[]): Promise<(Uint8Array | undefined)[]>;
    iterator(range: { readonly gt?: string; readonly gte?: string; readonly lt: string }): RowIterator;
    close(): Promise<void>;
  }
}
