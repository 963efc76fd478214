// What the dearest way through a stretch of code costs: code only goes forward between two loop headers, so that this bounds each run.

/** Unreachable: no way leads here. */
const NOWHERE = -1;

/** The code of a function, or of a loop, without the loops inside. */
type Region = { cost: number; dearest: number };

/** A block: which region it is in, what the dearest jump to its end costs, and what it cost to get to its begin. */
type Block = { readonly region: number; readonly isLoop: boolean; readonly before: number; end: number };

/**
 * Follows the structure of one body. The charge of a region is made at its header before the rest of it runs, so whatever way
 * a run takes, it has paid for it; ways that exclude each other, as arms of an `if` or cases of a `br_table`, do not add up.
 */
export class PathCost {
  readonly #regions: Region[] = [];
  readonly #blocks: Block[] = [];

  /** @param entry fuel that the call itself costs */
  constructor(entry: number) {
    this.#regions.push({ cost: entry, dearest: entry });
    this.enter();
  }

  get #region(): Region {
    return this.#regions.at(-1) as Region;
  }

  get #block(): Block {
    return this.#blocks.at(-1) as Block;
  }

  /** An instruction of the region. */
  add(fuel: number): void {
    const region = this.#region;
    if (region.cost === NOWHERE) return;
    region.cost += fuel;
    region.dearest = Math.max(region.dearest, region.cost);
  }

  /** A block begins. */
  enter(): void {
    const before = this.#region.cost;
    this.#blocks.push({ region: this.#regions.length - 1, isLoop: false, before, end: NOWHERE });
  }

  /** A loop begins: a region of its own, which pays one unit each time around even if it is empty. */
  enterLoop(): void {
    const before = this.#region.cost;
    this.#regions.push({ cost: 1, dearest: 1 });
    this.#blocks.push({ region: this.#regions.length - 1, isLoop: true, before, end: NOWHERE });
  }

  /** The other arm of the `if` that is open. */
  otherwise(): void {
    const block = this.#block;
    block.end = Math.max(block.end, this.#region.cost);
    this.#region.cost = block.before;
  }

  /** A jump out of `depth` blocks. What lies behind it is reached only if it `mayStay`. */
  jump(depth: number, mayStay: boolean): void {
    const target = this.#blocks.at(-1 - depth) as Block;
    if (!target.isLoop) target.end = Math.max(target.end, (this.#regions[target.region] as Region).cost);
    if (!mayStay) this.stop();
  }

  /** No way leads on from here. */
  stop(): void {
    this.#region.cost = NOWHERE;
  }

  /** The end of the innermost block. Returns what the region costs where a loop, or the function, ends here. @param hasOneArm an `if` without `else` */
  leave(hasOneArm: boolean): number | undefined {
    const { isLoop, before, end } = this.#blocks.pop() as Block;
    const { cost, dearest } = this.#region;
    if (isLoop) {
      this.#regions.pop();
      this.#region.cost = cost === NOWHERE ? NOWHERE : before;
      return dearest;
    }
    this.#region.cost = Math.max(cost, end, hasOneArm ? before : NOWHERE);
    return this.#blocks.length === 0 ? dearest : undefined;
  }
}
