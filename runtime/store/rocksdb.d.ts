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

  export type ChainedBatch = {
    put(key: string, value: Uint8Array): ChainedBatch;
    del(key: string): ChainedBatch;
    write(options: WriteOptions): Promise<void>;
  };
  export type RowIterator = {
    /** The next rows, at most `size`; none at the end. */
    nextv(size: number): Promise<[key: string, value: Uint8Array][]>;
    close(): Promise<void>;
  };
  export class RocksLevel {
    static open(location: string, options: OpenOptions): Promise<RocksLevel>;
    batch(): ChainedBatch;
    getMany(keys: readonly string[]): Promise<(Uint8Array | undefined)[]>;
    iterator(range: { readonly gt?: string; readonly gte?: string; readonly lt: string }): RowIterator;
    close(): Promise<void>;
  }
}
