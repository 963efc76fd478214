// The Collatz kernel's definition in plain bigint, number by number: slow, and byte for byte what the WebAssembly must give.
import {
  COLLATZ_JUMPS_MAX,
  type CollatzResult,
  collatzStep,
  writeCollatzResult,
} from '#machines/work/kernels/collatz.ts';

const LOOK_STEPS = 20;
const JUMP_STEPS = 16;
const WALK_LIMIT = 2n ** 118n;

/** A number that needs no computing, since the path of the smaller `witness` has to reach 1 as well; or one that does. */
export type Sieved = { readonly witness: bigint } | { readonly value: bigint; readonly odds: number };

/** A path so far: its value after `k` steps, of which `odds` were odd. */
type Path = { readonly value: bigint; readonly k: number; readonly odds: number };

/** 3^odds < 2^k, decided in whole numbers: 485/306 is just above log2 3 (work rules, Collatz kernel, 1). */
const isBelow = (odds: number, k: number): boolean => 485 * odds <= 306 * k;

/** What 2^20 … 2^40 numbers from `start` (a multiple) give for sub-unit `index`: the result's bytes and all suspects. */
export function referenceSubUnit(
  start: bigint,
  unit_log2: number,
  index: number,
  jumps_max: number = COLLATZ_JUMPS_MAX,
): { result: Uint8Array; suspects: bigint[] } {
  const size = 2 ** (unit_log2 - 8);
  const first = start + BigInt(index) * BigInt(size);
  const total = new Totals(first, unit_log2 - 14, jumps_max);
  for (let offset = 0n; offset < size; offset++) total.add(first + offset);
  return { result: writeCollatzResult(total.read()), suspects: total.suspects };
}

/**
 * Sieve of `n`: the first `depth` steps with descent, path merge and odd-even-even, the residue mod 9, and the look-ahead.
 *
 * @param depth steps of the tree: unit_log2 − 14
 */
export function sieve(n: bigint, depth: number): Sieved {
  const end = climb(n, depth);
  if ('witness' in end) return end;
  const before = predecessor(n);
  if (before !== undefined) return { witness: before };
  for (let path = end; path.k < depth + LOOK_STEPS; ) {
    path = step(path);
    if (isBelow(path.odds, path.k)) return { witness: path.value };
  }
  return end;
}

/** The tree's rules along the path of one number. */
function climb(n: bigint, depth: number): Path | { readonly witness: bigint } {
  let path: Path = { value: n, k: 0, odds: 0 };
  let evens = 1; // since the last odd step; a path begins as if after an even one
  let runStart: bigint | undefined; // where the last odd run began, if its half is below n
  while (path.k < depth) {
    const isOdd = (path.value & 1n) === 1n;
    if (isOdd && evens > 0) runStart = isBelow(path.odds, path.k + 1) ? path.value : undefined;
    path = step(path);
    evens = isOdd ? 0 : evens + 1;
    if (isBelow(path.odds, path.k)) return { witness: path.value };
    if (runStart !== undefined && evens === 2) return { witness: (runStart - 1n) / 2n };
    if (evens > 0 && evens % 2 === 0 && isBelow(path.odds - 1, path.k - 1))
      return { witness: (2n * path.value - 1n) / 3n };
  }
  return path;
}

const step = ({ value, k, odds }: Path): Path => ({
  value: collatzStep(value),
  k: k + 1,
  odds: odds + Number(value & 1n),
});

/** A smaller number whose path leads through `n`: (2n − 1)/3 for n ≡ 2 (mod 3), (8n − 5)/9 for n ≡ 4 (mod 9). */
function predecessor(n: bigint): bigint | undefined {
  if (n % 3n === 2n) return (2n * n - 1n) / 3n;
  return n % 9n === 4n ? (8n * n - 5n) / 9n : undefined;
}

/** T applied 16 times, and how many of those steps were odd. */
function jump(value: bigint): { value: bigint; odds: number } {
  let path: Path = { value, k: 0, odds: 0 };
  while (path.k < JUMP_STEPS) path = step(path);
  return path;
}

/** The sums over the numbers of one sub-unit; the order of adding does not matter. */
class Totals {
  readonly suspects: bigint[] = [];
  readonly #first: bigint;
  readonly #depth: number;
  readonly #jumpsMax: number;
  #siftSum = 0n;
  #walkSum = 0n;
  #peak = 0n;
  #peakOffset = 0n;
  #jumps = 0;
  /** Numbers that reached the sift, and its second, third and last end. */
  readonly #counts: [number, number, number, number] = [0, 0, 0, 0];

  constructor(first: bigint, depth: number, jumpsMax: number) {
    this.#first = first;
    this.#depth = depth;
    this.#jumpsMax = jumpsMax;
  }

  add(n: bigint): void {
    const left = sieve(n, this.#depth);
    if ('witness' in left) return;
    if (this.#sift(left.value, left.odds)) this.#walk(n, left.value);
  }

  /** 64 steps on the low 64 bits, which decide the parities; whether the path may still be above its start. */
  #sift(from: bigint, oddsBefore: number): boolean {
    let value = BigInt.asUintN(64, from);
    let odds = oddsBefore;
    const jumps = [2, 1, 1] as const;
    let k = this.#depth;
    for (const [round, count] of jumps.entries()) {
      this.#counts[round as 0 | 1 | 2]++;
      for (let i = 0; i < count; i++, k += JUMP_STEPS) {
        const next = jump(value);
        value = BigInt.asUintN(64, next.value);
        odds += next.odds;
      }
      this.#siftSum += value;
      if (isBelow(odds, k)) return false;
    }
    this.#counts[3]++;
    return true;
  }

  #walk(n: bigint, from: bigint): void {
    let value = from;
    let jumps = 0;
    for (; value >= n; jumps++) {
      if (value >= WALK_LIMIT || jumps === this.#jumpsMax) return this.#suspect(n);
      value = jump(value).value;
      this.#jumps++;
    }
    this.#walkSum += value;
    this.#notePeak(n, from);
  }

  #suspect(n: bigint): void {
    this.suspects.push(n);
    this.#walkSum += n - this.#first;
  }

  #notePeak(n: bigint, from: bigint): void {
    for (let value = from; value >= n; value = collatzStep(value)) {
      if (value <= this.#peak) continue; // numbers come in order: of equal peaks the first stays
      this.#peak = value;
      this.#peakOffset = n - this.#first;
    }
  }

  read(): CollatzResult {
    const [candidates_count, after_32_count, after_48_count, walks_count] = this.#counts;
    return {
      sift_sum: BigInt.asUintN(64, this.#siftSum),
      walk_sum: BigInt.asUintN(64, this.#walkSum),
      peak: this.#peak,
      peak_offset: this.#peakOffset,
      candidates_count,
      after_32_count,
      after_48_count,
      walks_count,
      jumps_count: this.#jumps,
      suspects_count: this.suspects.length,
    };
  }
}
