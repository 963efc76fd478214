// The store port: one database a node, ordered keys, atomic writes, synced or not. RocksDB and its in-memory twin implement it.

export type StoreOp =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: string };

/** Keys are UTF-8 strings ordered bytewise. */
export type Store = {
  /**
   * Apply all or none; resolves after the write, and every one before it, is on disk (fdatasync). Without rows it does nothing.
   *
   * @throws StoreError STORE_WRITE_FAILED
   */
  batch(ops: readonly StoreOp[]): Promise<void>;
  /**
   * Apply all or none without waiting for the disk. Survives the end of this process at once, a power cut only once a later
   * `batch` has resolved: the log is in order, so what is lost is always the latest.
   *
   * @throws StoreError STORE_WRITE_FAILED
   */
  append(ops: readonly StoreOp[]): Promise<void>;
  get(key: string): Promise<Uint8Array | undefined>;
  /** Rows whose key starts with `prefix`, in key order, from `after` (exclusive) on, at most `limit`: as they are when the first is asked for. */
  scan(
    prefix: string,
    options?: { readonly after?: string; readonly limit?: number },
  ): AsyncIterable<readonly [key: string, value: Uint8Array]>;
  close(): Promise<void>;
};
