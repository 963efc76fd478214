// Types of the RocksDB binding, which ships none: only what rocks-store.ts uses.
declare module '@nxtedition/rocksdb' {
  import type { AbstractIterator, AbstractLevel } from 'abstract-level';

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
  export class RocksLevel {
    static open(location: string, options: OpenOptions): Promise<RocksLevel>;
    batch(): ChainedBatch;
    getMany(keys: readonly string[]): Promise<(Uint8Array | undefined)[]>;
    iterator(range: {
      readonly gt?: string;
      readonly gte?: string;
      readonly lt: string;
    }): AbstractIterator<AbstractLevel<string, string, Uint8Array>, string, Uint8Array>;
    close(): Promise<void>;
  }
}
