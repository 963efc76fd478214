// Which heights hold draws of which unit, how many bytes all of it takes, and what has to go when that is too much.
import { MAX_DRAW_ARCHIVE_BYTES } from '#schemas/wire/limits.ts';

type Height = { readonly pool_version: number; readonly units: readonly string[]; readonly bytes: number };
type Gone = { readonly heights: readonly number[]; readonly pools: readonly number[] };

export class DrawIndex {
  /** In rising order: heights are added as they come. */
  readonly #heights = new Map<number, Height>();
  readonly #pools = new Map<number, number>();
  readonly #byUnit = new Map<string, number[]>();
  readonly #max_bytes: number;
  #bytes = 0;

  constructor(max_bytes: number = MAX_DRAW_ARCHIVE_BYTES) {
    this.#max_bytes = max_bytes;
  }

  has(height: number): boolean {
    return this.#heights.has(height);
  }

  hasPool(version: number): boolean {
    return this.#pools.has(version);
  }

  addPool(version: number, bytes: number): void {
    this.#pools.set(version, bytes);
    this.#bytes += bytes;
  }

  /** The answer: what does not fit any more, now forgotten here and to be deleted. The height itself always stays. */
  add(height: number, pool_version: number, units: readonly string[], bytes: number): Gone {
    this.#heights.set(height, { pool_version, units, bytes });
    this.#bytes += bytes;
    for (const unit of units) this.#byUnit.set(unit, [...this.heightsOf(unit), height]);
    const heights: number[] = [];
    for (const oldest of this.#heights.keys()) {
      if (this.#bytes <= this.#max_bytes || oldest === height) break;
      this.#drop(oldest);
      heights.push(oldest);
    }
    return { heights, pools: heights.length === 0 ? [] : this.#dropPools() };
  }

  /** Rising. */
  heightsOf(unit: string): readonly number[] {
    return this.#byUnit.get(unit) ?? [];
  }

  #drop(height: number): void {
    const { units = [], bytes = 0 } = this.#heights.get(height) ?? {};
    this.#heights.delete(height);
    this.#bytes -= bytes;
    for (const unit of units) {
      const left = this.heightsOf(unit).filter((other) => other !== height);
      if (left.length === 0) this.#byUnit.delete(unit);
      else this.#byUnit.set(unit, left);
    }
  }

  /** Versions rise with heights: those below the oldest height's are nobody's. */
  #dropPools(): number[] {
    const oldest = this.#heights.values().next().value?.pool_version ?? 0;
    const gone = [...this.#pools.keys()].filter((version) => version < oldest);
    for (const version of gone) {
      this.#bytes -= this.#pools.get(version) ?? 0;
      this.#pools.delete(version);
    }
    return gone;
  }
}
