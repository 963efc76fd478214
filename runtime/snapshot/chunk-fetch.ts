// Fetches the chunks of a snapshot from several validators at once. Each is checked alone when it comes, and against its neighbours in
// the end; a false one costs its sender, and is asked of another.

import type { ProofStep } from '#machines/primitives/state-hashes.ts';
import { checkRange } from '#machines/primitives/state-range.ts';
import { LayoutWriter } from '#schemas/consensus/fixed-layout.ts';
import { decodeChunk, type StateChunk, sidesBytes, writeSides } from '#schemas/consensus/snapshot-codec.ts';
import { ROW_CODECS } from '#schemas/settlement/row-codec.ts';
import { MAX_CHUNKS_UNDER_WAY } from '#schemas/wire/limits.ts';
import type { Bus } from '../bus/bus.ts';
import { fetchAnswer } from '../consensus/sync-client.ts';
import { sha256 } from '../keys/sha256.ts';
import type { Store } from '../store/store.ts';
import { type ChunkNote, chunkOps, dropChunk, readNotes, type SyncPlan } from './sync-plan.ts';

/** Questions that a validator may leave unanswered before others are asked in its place: one may be lost. */
const MAX_SILENCES = 2;
const HEAD_KEY = 'head/0';

export type ChunkFetchOptions = {
  readonly store: Store;
  readonly bus: Pick<Bus, 'request'>;
  /** A validator gave a false chunk, or none. */
  readonly onFault: (peer: string, index: number) => void;
};

/** Whether all chunks are in the store; false where no validator is left that gives what is missing. */
export async function fetchChunks(o: ChunkFetchOptions, plan: SyncPlan, peers: readonly string[]): Promise<boolean> {
  const fetch = new ChunkFetch(o, plan, await readNotes(o.store));
  const left = new Set(peers);
  while (!(await fetch.isComplete(left))) {
    if (left.size === 0) return false;
    await fetch.round(left);
  }
  return true;
}

class ChunkFetch {
  readonly #o: ChunkFetchOptions;
  readonly #plan: SyncPlan;
  readonly #notes: Map<number, ChunkNote>;
  #wanted: number[] = [];

  constructor(o: ChunkFetchOptions, plan: SyncPlan, notes: Map<number, ChunkNote>) {
    this.#o = o;
    this.#plan = plan;
    this.#notes = notes;
  }

  /** Ask these validators, a few at a time, for what is missing; those that fail are taken from the set. */
  async round(left: Set<string>): Promise<void> {
    this.#wanted = this.#plan.first_keys.map((_, index) => index).filter((index) => !this.#notes.has(index));
    const waiting = [...left];
    const lane = async (): Promise<void> => {
      for (let peer = waiting.shift(); peer !== undefined; peer = waiting.shift())
        if (!(await this.#askAll(peer))) left.delete(peer);
    };
    await Promise.all(Array.from({ length: MAX_CHUNKS_UNDER_WAY }, lane));
  }

  /** Whether nothing is missing, within chunks or between them: where a chunk was cut short, it goes, and so does its sender. */
  async isComplete(left: Set<string>): Promise<boolean> {
    const { first_keys } = this.#plan;
    for (const index of first_keys.keys()) {
      const note = this.#notes.get(index);
      const next = this.#notes.get(index + 1);
      if (note === undefined || next === undefined || note.next_left === next.left) continue;
      await dropChunk(this.#o.store, index, first_keys[index] ?? '', first_keys[index + 1]);
      this.#notes.delete(index);
      this.#blame(left, note.from, index);
    }
    return this.#notes.size === first_keys.length;
  }

  /** One chunk after another, until there is none left (true), or the validator has failed. */
  async #askAll(peer: string): Promise<boolean> {
    let silences = 0;
    for (let index = this.#wanted.shift(); index !== undefined; index = this.#wanted.shift()) {
      const answer = await fetchAnswer(this.#o.bus, peer, { type: 'chunk.request', height: this.#plan.height, index });
      const chunk = answer?.type === 'chunk' ? decodeChunk(answer.bytes) : undefined;
      const note = chunk && this.#check(peer, index, chunk);
      if (chunk !== undefined && note !== undefined) {
        await this.#o.store.append(chunkOps(index, chunk.rows, note));
        this.#notes.set(index, note);
        continue;
      }
      this.#wanted.unshift(index);
      if (answer !== undefined || ++silences === MAX_SILENCES) {
        this.#o.onFault(peer, index);
        return false;
      }
    }
    return true;
  }

  /** How the chunk joins its neighbours, if it is what was asked for and stands under the root. */
  #check(from: string, index: number, chunk: StateChunk): ChunkNote | undefined {
    const { first_keys, root, height } = this.#plan;
    const next = first_keys[index + 1];
    const isInPlace =
      chunk.rows[0]?.key === first_keys[index] &&
      (index > 0 || chunk.left.length === 0) &&
      (next === undefined ? chunk.right.length === 0 : (chunk.rows.at(-1)?.key ?? next) < next);
    const fold = isInPlace ? checkRange(root, chunk, sha256) : undefined;
    if (fold === undefined || !chunk.rows.every((row) => isOf(height, row))) return undefined;
    return { left: digest(chunk.left), next_left: digest(next === undefined ? [] : fold.leftOf(next)), from };
  }

  #blame(left: Set<string>, peer: string, index: number): void {
    left.delete(peer);
    this.#o.onFault(peer, index);
  }
}

/** Several headers name one root: only the row that tells its own height says which of their blocks the state is of. */
const isOf = (height: number, { key, value }: StateChunk['rows'][number]): boolean =>
  key !== HEAD_KEY || ROW_CODECS.head.decode(value).height === height;

const digest = (left: readonly ProofStep[]): string => {
  const sides = { left, right: [] };
  return Buffer.from(sha256(writeSides(new LayoutWriter(sidesBytes(sides)), sides).bytes)).toString('hex');
};
