// Makes snapshots of the ledger's rows while the node goes on: from one view of the store, chunk by chunk, resting between pages.
import { RowFold } from '#machines/primitives/state-range.ts';
import { rowBytes, type StateChunk } from '#schemas/consensus/snapshot-codec.ts';
import { ROW_CODECS } from '#schemas/settlement/row-codec.ts';
import {
  KEPT_SNAPSHOTS,
  MAX_CHUNK_ROWS_BYTES,
  MAX_SNAPSHOT_CHUNKS,
  SNAPSHOT_HEIGHTS,
  SNAPSHOT_LEASE_MS,
  SNAPSHOT_REST_FACTOR,
} from '#schemas/wire/limits.ts';
import type { Clock } from '../host/ports.ts';
import { sha256 } from '../keys/sha256.ts';
import type { Log } from '../observe/log.ts';
import type { Store } from '../store/store.ts';
import { beginOp, chunkRowsOp, completionOps, dropSnapshots, readSnapshots } from './snapshot-rows.ts';

const STATE = 'state/';
const HEAD_KEY = 'head/0';
/** Rows between two rests. */
const PAGE_ROWS = 256;

export type SnapshotWriterOptions = {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
};

export class SnapshotWriter {
  readonly #o: SnapshotWriterOptions;
  /** When somebody last asked for a snapshot, by height. */
  readonly #asked_ms = new Map<number, number>();
  /** The last checkpoint since the start, and whether a snapshot of it is due. */
  #checkpoint: { readonly height: number; readonly isDue: boolean } | undefined;
  #under_way: Promise<void> = Promise.resolve();
  #isBusy = false;
  #isClosed = false;

  constructor(options: SnapshotWriterOptions) {
    this.#o = options;
  }

  /**
   * A block is final and written. The one after a checkpoint names its root and leaves its rows as they are: now is the time. It is
   * due at the first checkpoint at or above each multiple of SNAPSHOT_HEIGHTS, so all nodes take the same ones.
   *
   * @param isCheckpoint whether this block's rows were written with it
   */
  hear({ height, state_root }: { readonly height: number; readonly state_root: string }, isCheckpoint: boolean): void {
    const last = this.#checkpoint;
    const isFree = !this.#isBusy && !this.#isClosed;
    if (last?.height === height - 1 && last.isDue && isFree) this.#begin(last.height, state_root);
    if (isCheckpoint) this.#checkpoint = { height, isDue: last !== undefined && spanOf(height) > spanOf(last.height) };
  }

  /** Somebody asked for this snapshot: it stays until nobody has for a while. Of what was asked for, the last few count. */
  lease(height: number): void {
    this.#asked_ms.delete(height);
    this.#asked_ms.set(height, this.#o.clock.now_ms());
    const [longest] = this.#asked_ms.keys();
    if (longest !== undefined && this.#asked_ms.size > KEPT_SNAPSHOTS) this.#asked_ms.delete(longest);
  }

  /** Resolves when nothing is under way. */
  settled(): Promise<void> {
    return this.#under_way;
  }

  /** Give up what is under way; another is made some heights later. */
  close(): Promise<void> {
    this.#isClosed = true;
    return this.#under_way;
  }

  #begin(height: number, state_root: string): void {
    this.#isBusy = true;
    // The view is taken here and now, before the next checkpoint is written.
    const rows = this.#o.store.scan(STATE)[Symbol.asyncIterator]();
    const first = rows.next();
    this.#under_way = this.#write(height, state_root, first, rows)
      .catch((error: unknown) => this.#o.log.warn({ height, error: String(error) }, 'no snapshot was made'))
      .finally(() => {
        this.#isBusy = false;
      });
  }

  async #write(
    height: number,
    state_root: string,
    first: Promise<Row>,
    rest: AsyncIterator<Row['value']>,
  ): Promise<void> {
    const { store, clock, log } = this.#o;
    const begin_ms = clock.now_ms();
    await this.#prune(KEPT_SNAPSHOTS - 1);
    await store.append([beginOp(height)]);
    const chunks = new Chunks(store, height);
    let work_ms = 0;
    let page_ms = performance.now();
    let count = 0;
    for (let row = await first; row.done !== true && !this.#isClosed; row = await rest.next()) {
      const [key, value] = row.value;
      await chunks.add(key.slice(STATE.length), value);
      if (++count % PAGE_ROWS !== 0) continue;
      const took_ms = performance.now() - page_ms;
      work_ms += took_ms;
      await this.#rest(took_ms * (SNAPSHOT_REST_FACTOR - 1));
      page_ms = performance.now();
    }
    await rest.return?.();
    const made = this.#isClosed ? undefined : await chunks.end(state_root);
    if (made === undefined) return dropSnapshots(store, (other) => other !== height);
    const figures = {
      height,
      rows: count,
      chunks: made,
      took_ms: clock.now_ms() - begin_ms,
      work_ms: Math.round(work_ms),
    };
    log.info(figures, 'snapshot made');
  }

  /** Keep the newest ones, and those that somebody fetches. */
  async #prune(kept: number): Promise<void> {
    const { store, clock } = this.#o;
    const newest = (await readSnapshots(store)).slice(-kept).map(({ height }) => height);
    const isLeased = (height: number): boolean =>
      clock.now_ms() - (this.#asked_ms.get(height) ?? -Infinity) < SNAPSHOT_LEASE_MS;
    await dropSnapshots(store, (height) => newest.includes(height) || isLeased(height));
  }

  #rest(duration_ms: number): Promise<void> {
    return new Promise((resolve) => void this.#o.clock.setTimer(duration_ms, resolve));
  }
}

type Row = IteratorResult<readonly [key: string, value: Uint8Array]>;
const spanOf = (height: number): number => Math.floor(height / SNAPSHOT_HEIGHTS);

/** The rows of a state, cut into chunks as they come. */
class Chunks {
  readonly #store: Store;
  readonly #height: number;
  readonly #fold = new RowFold(sha256);
  readonly #runs: { readonly first: string; readonly last: string }[] = [];
  #rows: StateChunk['rows'][number][] = [];
  #bytes = 0;
  /** Height that the rows themselves say that they are of. */
  #rows_height = -1;

  constructor(store: Store, height: number) {
    this.#store = store;
    this.#height = height;
  }

  async add(key: string, value: Uint8Array): Promise<void> {
    const size = rowBytes(key, value);
    if (size > MAX_CHUNK_ROWS_BYTES) throw new RangeError(`the row ${key} takes ${size} bytes`);
    if (this.#bytes + size > MAX_CHUNK_ROWS_BYTES) await this.#cut();
    if (key === HEAD_KEY) this.#rows_height = ROW_CODECS.head.decode(value).height;
    this.#fold.add({ key, value });
    if (this.#rows.length === 0) this.#fold.keep();
    this.#rows.push({ key, value });
    this.#bytes += size;
  }

  /** How many chunks there are; undefined where the rows are not those that a quorum certified. */
  async end(state_root: string): Promise<number | undefined> {
    await this.#cut();
    const root = Buffer.from(this.#fold.root()).toString('hex');
    if (this.#rows_height !== this.#height) return undefined; // written on meanwhile: a node that catches up
    if (root !== state_root) throw new Error(`the stored rows have the root ${root} instead of ${state_root}`);
    const first_keys = this.#runs.map(({ first }) => first);
    await this.#store.append(completionOps(this.#height, first_keys, this.#fold.sides(this.#runs)));
    return this.#runs.length;
  }

  async #cut(): Promise<void> {
    const [first, last] = [this.#rows[0], this.#rows.at(-1)];
    if (first === undefined || last === undefined) return;
    if (this.#runs.length >= MAX_SNAPSHOT_CHUNKS) throw new RangeError(`more than ${MAX_SNAPSHOT_CHUNKS} chunks`);
    this.#fold.keep();
    await this.#store.append([chunkRowsOp(this.#height, this.#runs.length, this.#rows)]);
    this.#runs.push({ first: first.key, last: last.key });
    this.#rows = [];
    this.#bytes = 0;
  }
}
