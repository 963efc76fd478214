// What the Collatz kernel's answers mean: the result layout, and the exact re-check of a suspect.

/** Table jumps (16 steps each) after which the kernel reports a number instead of going on: 65,536 steps. */
export const COLLATZ_JUMPS_MAX = 4_096;
/** Steps of the exact re-check; a number that is not below itself by then is a counterexample candidate. */
export const COLLATZ_EXACT_STEPS_MAX = 1_000_000;

/** One sub-unit's result, all little-endian in 64 bytes: docs/protocol/collatz-kernel.md, "Result". */
export type CollatzResult = {
  /** Sum mod 2^64 of all values that the sift computed. */
  readonly sift_sum: bigint;
  /** Sum mod 2^64 of the values at which walks ended below their start, and of the offsets of suspects. */
  readonly walk_sum: bigint;
  /** Largest value on a walked path, and the offset of the smallest number that reaches it. */
  readonly peak: bigint;
  readonly peak_offset: bigint;
  /** Numbers left after the tree and the look-ahead, then after 32, 48 and 64 further steps; the last were walked. */
  readonly candidates_count: number;
  readonly after_32_count: number;
  readonly after_48_count: number;
  readonly walks_count: number;
  /** Table jumps of all walks, mod 2^32. */
  readonly jumps_count: number;
  readonly suspects_count: number;
};

/** Read the 64 bytes of a sub-unit. */
export function readCollatzResult(result: Uint8Array): CollatzResult {
  const view = new DataView(result.buffer, result.byteOffset, result.byteLength);
  const word = (at: number): bigint => view.getBigUint64(at, true);
  const count = (at: number): number => view.getUint32(at, true);
  return {
    sift_sum: word(0),
    walk_sum: word(8),
    peak: word(16) | (word(24) << 64n),
    peak_offset: word(32),
    candidates_count: count(40),
    after_32_count: count(44),
    after_48_count: count(48),
    walks_count: count(52),
    jumps_count: count(56),
    suspects_count: count(60),
  };
}

/** Write the 64 bytes of a sub-unit. */
export function writeCollatzResult(result: CollatzResult): Uint8Array {
  const bytes = new Uint8Array(64);
  const view = new DataView(bytes.buffer);
  const words = [result.sift_sum, result.walk_sum, result.peak, result.peak >> 64n, result.peak_offset];
  words.forEach((word, i) => view.setBigUint64(8 * i, BigInt.asUintN(64, word), true));
  const { candidates_count, after_32_count, after_48_count, walks_count, jumps_count, suspects_count } = result;
  const counts = [candidates_count, after_32_count, after_48_count, walks_count, jumps_count, suspects_count];
  counts.forEach((count, i) => view.setUint32(40 + 4 * i, count, true));
  return bytes;
}

/** T(n) = n/2 for even n, (3n + 1)/2 for odd n. */
export const collatzStep = (n: bigint): bigint => ((n & 1n) === 0n ? n >> 1n : (3n * n + 1n) >> 1n);

/** How the path of one number went. */
export type CollatzCheck = {
  /** It came below its start: with all smaller numbers verified, it reaches 1. */
  readonly descends: boolean;
  /** It came back to its start: a cycle (of 1 it is the known one). */
  readonly cycles: boolean;
  /** Steps of T taken. */
  readonly steps: number;
  /** Largest value seen; the plain map n → 3n + 1 shows twice that, where it is not the start itself. */
  readonly peak: bigint;
};

/** Follow `n` ≥ 1 exactly until it is below its start, back at it, or `max_steps` are taken. */
export function checkCollatz(n: bigint, max_steps: number = COLLATZ_EXACT_STEPS_MAX): CollatzCheck {
  let value = n;
  let peak = n;
  for (let steps = 1; steps <= max_steps; steps++) {
    value = collatzStep(value);
    if (value > peak) peak = value;
    if (value <= n) return { descends: value < n, cycles: value === n, steps, peak };
  }
  return { descends: false, cycles: false, steps: max_steps, peak };
}
