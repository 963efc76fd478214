// Collatz kernel, version 1 (AssemblyScript): shows that no number of a sub-unit starts a new cycle or diverges.
// Method, soundness and result layout: docs/protocol/collatz-kernel.md. Integers only, no imports, fixed memory.
// T(n) = n/2 or (3n+1)/2. A unit is 2^unit_log2 numbers, a sub-unit 2^S with S = unit_log2 - 8, and D = S - 6:
// numbers of a sub-unit that share their low D bits differ in 64 values of the bits above, the 64 lanes of a word.

const LOOK: i32 = 20; // steps looked ahead in bit vectors; 2^20 bits = 128 KiB a table, so all stay in the L2 cache
const JUMP: i32 = 16; // steps a table jump takes
const LANES: i32 = 64;
const DEPTH_MIN: i32 = 6; // unit_log2 20
const DEPTH_MAX: i32 = 26; // unit_log2 40: the leaves fill 10 MB
const WALK_HIGH_LIMIT: u64 = 1 << 54; // a value below 2^118 stays below 2^128 through one jump
const BATCH: i32 = 1024; // candidates sifted together: the buffers fit the L1 cache

// Memory map, in bytes.
export const RESULT: i32 = 0; // 64 bytes
const POWERS: usize = 1024; // 3^i, u64, i up to 40
const MASKS: usize = 2048; // lanes that pass the mod 9 sieve, u64, by residue 0 … 16
const GROUPS: usize = 3072; // first leaf with f odd steps, u32, f up to DEPTH_MAX + 1
const VALUES: usize = 4096; // candidates: value mod 2^64
const ODDS: usize = VALUES + BATCH * 8; // candidates: odd steps since D, u32
const IDS: usize = ODDS + BATCH * 4; // candidates: leaf * 64 + lane, u32
export const SUSPECTS: i32 = 0x8000; // offsets in the sub-unit, u32
export const SUSPECTS_MAX: i32 = 0x2000;
const JUMPS: usize = 0x10000; // by low 16 bits b: T^16(b) | odd steps << 26, u32
const GROWTH: usize = JUMPS + 0x40000; // by low 16 bits: bits that a value can gain within the jump, u8
const TABLES: usize = GROWTH + 0x10000; // look-ahead bits, one table for each f
const TABLE_BYTES: usize = (1 << (LOOK - 3)) + 64; // the start repeats at the end, so that a word may run over it
const LEAVES: usize = 0x400000; // m | (n0 mod 9) << 60, u64; n0, u32; place in the look-ahead table, u32
const LEAF_BYTES: usize = 16;
const M_MASK: u64 = (1 << 60) - 1;
const WALKERS: usize = 0x300000; // value, u128; offset of n in the sub-unit, u32; most bits on the way, i32
const WALKER_BYTES: usize = 24;
const WALKERS_FULL: usize = 1024; // enough to walk side by side; a batch more fits below the leaves

let depth: i32 = 0; // D; 0: not prepared
let oddsMin: i32 = 0; // fewest odd steps of a leaf

// Of the sub-unit in hand: its first number, T^D(its first number) up to m (128 bits, for the f in hand), sums, counts.
let startLow: u64 = 0;
let startHigh: u64 = 0;
let baseLow: u64 = 0;
let baseHigh: u64 = 0;
let siftSum: u64 = 0;
let walkSum: u64 = 0;
let candidates: u32 = 0;
let after32: u32 = 0;
let after48: u32 = 0;
let walks: u32 = 0;
let jumps: u32 = 0;
let jumpsMax: i32 = 0;
let suspects: i32 = 0;
let peakLow: u64 = 0;
let peakHigh: u64 = 0;
let peakOffset: u32 = 0;
let peakBits: i32 = 0;
let walkers: usize = 0; // listed, not yet walked

/** Whether a path is below its start after `k` steps, `f` of them odd: 3^f < 2^k, since 485/306 is just above log2 3. */
// @ts-ignore: decorator
@inline
function isBelow(f: i32, k: i32): bool {
  return 485 * f <= 306 * k;
}

/** Most odd steps within `k` with which a path is below its start. */
function mostOddsBelow(k: i32): i32 {
  return (306 * k) / 485;
}

// @ts-ignore: decorator
@inline
function power3(i: i32): u64 {
  return load<u64>(POWERS + (<usize>i << 3));
}

/** Builds every table for units of 2^unit_log2 numbers; traps when out of range. Takes some ten milliseconds, once. */
export function prepare(unit_log2: i32): void {
  const wanted = unit_log2 - 14;
  if (wanted < DEPTH_MIN || wanted > DEPTH_MAX) unreachable();
  if (wanted == depth) return;
  if (depth == 0) buildJumps();
  depth = wanted;
  oddsMin = mostOddsBelow(depth) + 1;
  buildMasks();
  buildLeaves();
  for (let f = oddsMin; f <= depth; f++) buildTable(f);
}

function buildJumps(): void {
  let power: u64 = 1;
  for (let i = 0; i <= 40; i++, power *= 3) store<u64>(POWERS + (<usize>i << 3), power);
  for (let residue = 0; residue < 1 << JUMP; residue++) {
    let value = <u32>residue;
    let odds = 0;
    let growth = 0;
    for (let step = 1; step <= JUMP; step++) {
      const odd = value & 1;
      value = odd ? value + (value >> 1) + 1 : value >> 1;
      odds += odd;
      while (power3(odds) > <u64>1 << (step + growth)) growth++;
    }
    store<u32>(JUMPS + (<usize>residue << 2), value | (odds << 26));
    store<u8>(GROWTH + residue, growth);
  }
}

/** Lanes j whose n ≡ residue + j 2^D (mod 9) has no smaller number before it: not 2, 5, 8 (from (2n-1)/3) nor 4 (from (8n-5)/9). */
function buildMasks(): void {
  const step = (1 << depth) % 9;
  for (let residue = 0; residue < 17; residue++) {
    let mask: u64 = 0;
    for (let lane = 0; lane < LANES; lane++) {
      const class9 = (residue + lane * step) % 9;
      if (class9 % 3 != 2 && class9 != 4) mask |= <u64>1 << lane;
    }
    store<u64>(MASKS + (<usize>residue << 3), mask);
  }
}

/** Lists the leaves of the tree, by number of odd steps: one pass counts, the next one fills. */
function buildLeaves(): void {
  memory.fill(GROUPS, 0, (DEPTH_MAX + 2) * 4);
  grow(0, 0, 0, 0, 1, false, false);
  let first: u32 = 0;
  for (let f = 0; f <= DEPTH_MAX + 1; f++) {
    const count = load<u32>(GROUPS + (<usize>f << 2));
    store<u32>(GROUPS + (<usize>f << 2), first);
    first += count;
  }
  grow(0, 0, 0, 0, 1, false, true);
  // Filling moved each group's first leaf to its end, which is the first of the next group: shift back.
  for (let f = DEPTH_MAX + 1; f > 0; f--) {
    store<u32>(GROUPS + (<usize>f << 2), load<u32>(GROUPS + (<usize>(f - 1) << 2)));
  }
  store<u32>(GROUPS, 0);
}

/**
 * Tree over low bits: the class n0 mod 2^k with m = T^k(n0), f odd steps, `evens` even steps since the last odd one;
 * `early`: the last run of odd steps began at a value whose half is below the start.
 */
function grow(k: i32, n0: u32, m: u64, f: i32, evens: i32, early: bool, fill: bool): void {
  if (k == depth) return addLeaf(n0, m, f, fill);
  for (let bit: u32 = 0; bit < 2; bit++) {
    const n = n0 | (bit << k);
    const value = m + (bit ? power3(f) : 0);
    if (value & 1) {
      const began = evens > 0 ? isBelow(f, k + 1) : early;
      if (!isBelow(f + 1, k + 1)) grow(k + 1, n, value + (value >> 1) + 1, f + 1, 0, began, fill);
    } else if (!joinsSmaller(k, f, evens + 1, early)) {
      grow(k + 1, n, value >> 1, f, evens + 1, early, fill);
    }
  }
}

/** Whether an even step from depth k leads below the start, or to a value that a smaller start reaches too. */
function joinsSmaller(k: i32, f: i32, evens: i32, early: bool): bool {
  if (isBelow(f, k + 1)) return true;
  if (early && evens == 2) return true; // odd-even-even: joins (value before the odd run - 1) / 2
  return evens % 2 == 0 && isBelow(f - 1, k); // path merge: joins (2m - 1) / 3
}

function addLeaf(n0: u32, m: u64, f: i32, fill: bool): void {
  const group = GROUPS + (<usize>f << 2);
  const position = load<u32>(group);
  store<u32>(group, position + 1);
  if (!fill) return;
  const leaf = LEAVES + <usize>position * LEAF_BYTES;
  store<u64>(leaf, m | (<u64>(n0 % 9) << 60));
  store<u32>(leaf, n0, 8);
  store<u32>(leaf, <u32>m * inverse3(f), 12);
}

/** 3^-f mod 2^32. */
function inverse3(f: i32): u32 {
  let inverse: u32 = 1;
  for (let i = 0; i < f; i++) inverse *= 0xaaaaaaab;
  return inverse;
}

// @ts-ignore: decorator
@inline
function tableOf(f: i32): usize {
  return TABLES + <usize>(f - oddsMin) * TABLE_BYTES;
}

/** Bit x is set when 3^f x, reached after D steps with f odd ones, is not below the start within LOOK more steps. */
function buildTable(f: i32): void {
  const table = tableOf(f);
  memory.fill(table, 0, TABLE_BYTES);
  look(table, f, inverse3(f), 0, 0, 0, 0);
  memory.copy(table + (1 << (LOOK - 3)), table, 64);
}

function look(table: usize, f: i32, inverse: u32, step: i32, low: u32, value: u64, odds: i32): void {
  if (step == LOOK) {
    const place = (low * inverse) & ((1 << LOOK) - 1);
    const word = table + ((place >> 5) << 2);
    store<u32>(word, load<u32>(word) | (<u32>1 << (place & 31)));
    return;
  }
  for (let bit: u32 = 0; bit < 2; bit++) {
    const here = value + (bit ? power3(odds) : 0);
    const isOdd = <i32>here & 1;
    if (isBelow(f + odds + isOdd, depth + step + 1)) continue;
    const next = isOdd ? here + (here >> 1) + 1 : here >> 1;
    look(table, f, inverse, step + 1, low | (bit << step), next, odds + isOdd);
  }
}

/**
 * Computes sub-unit `index` (0 … 255) of the unit that begins at the 128-bit number (start_high, start_low), a multiple of
 * 2^unit_log2 from 2^20 up to 2^100, and writes its 64 bytes to RESULT.
 *
 * @param jumps_max table jumps (16 steps each) after which a number that is not below itself becomes a suspect
 * @returns how many offsets stand at SUSPECTS
 */
export function run(start_low: u64, start_high: u64, index: i32, jumps_max: i32): i32 {
  if (depth == 0 || index < 0 || index > 255) unreachable();
  startLow = start_low + (<u64>index << (depth + 6));
  startHigh = start_high;
  jumpsMax = jumps_max;
  siftSum = walkSum = peakLow = peakHigh = 0;
  peakOffset = 0;
  peakBits = 0;
  candidates = after32 = after48 = walks = jumps = 0;
  suspects = 0;
  for (let f = oddsMin; f <= depth; f++) runGroup(f);
  walkAll();
  writeResult();
  return suspects;
}

/** All leaves with `f` odd steps: one table, one set of limits. */
function runGroup(f: i32): void {
  const power = power3(f);
  const above = (startLow >> depth) | (startHigh << (64 - depth)); // bits above D, mod 2^64
  setBase(above, startHigh >> depth, power);
  const table = tableOf(f);
  const residue = <usize>(((startHigh % 9) * 7 + (startLow % 9)) % 9); // 2^64 ≡ 7 (mod 9)
  const masks = MASKS + (residue << 3);
  const low = baseLow;
  const end = load<u32>(GROUPS + (<usize>(f + 1) << 2));
  let count = 0;
  for (let leaf = load<u32>(GROUPS + (<usize>f << 2)); leaf < end; leaf++) {
    const at = LEAVES + <usize>leaf * LEAF_BYTES;
    const m = load<u64>(at);
    const place = (load<u32>(at, 12) + <u32>above) & ((1 << LOOK) - 1);
    const byte = table + (place >> 3);
    const shift = <u64>(place & 7);
    let lanes = (load<u64>(byte) >> shift) | ((<u64>load<u8>(byte, 8) << 1) << (63 - shift));
    lanes &= load<u64>(masks + (<usize>(m >> 60) << 3));
    const value = low + (m & M_MASK);
    while (lanes) {
      const lane = ctz(lanes);
      lanes &= lanes - 1;
      store<u64>(VALUES + (<usize>count << 3), value + lane * power);
      store<u32>(IDS + (<usize>count << 2), (leaf << 6) | <u32>lane);
      count++;
    }
    if (count > BATCH - LANES) {
      flush(f, count);
      count = 0;
    }
  }
  flush(f, count);
}

/** base = above * power, 128 bits; power < 2^42, so products of 32-bit limbs need care only in the middle. */
function setBase(aboveLow: u64, aboveHigh: u64, power: u64): void {
  const p0 = power & 0xffffffff;
  const p1 = power >> 32;
  const a0 = aboveLow & 0xffffffff;
  const a1 = aboveLow >> 32;
  const low = a0 * p0;
  const middle = a1 * p0 + (low >> 32);
  const cross = a0 * p1 + (middle & 0xffffffff);
  baseLow = (cross << 32) | (low & 0xffffffff);
  baseHigh = a1 * p1 + (middle >> 32) + (cross >> 32) + aboveHigh * power;
}

/** Takes a batch of candidates 64 steps further on their low 64 bits, then lists those that are left for the exact walk. */
function flush(f: i32, count: i32): void {
  candidates += count;
  memory.fill(ODDS, 0, <usize>count << 2);
  count = sift(count, mostOddsBelow(depth + 32) - f, true);
  after32 += count;
  count = sift(count, mostOddsBelow(depth + 48) - f, false);
  after48 += count;
  count = sift(count, mostOddsBelow(depth + 64) - f, false);
  const power = power3(f);
  for (let i = 0; i < count; i++) addWalk(load<u32>(IDS + (<usize>i << 2)), power);
  if (walkers > WALKERS_FULL) walkAll();
}

/** 16 or 32 steps for each candidate, keeping without a branch those with more than `limit` odd steps since D. */
// @ts-ignore: decorator
@inline
function sift(count: i32, limit: i32, twice: bool): i32 {
  let sum = siftSum;
  let kept: usize = 0;
  for (let i: usize = 0; i < <usize>count; i++) {
    let value = load<u64>(VALUES + (i << 3));
    let odds = load<u32>(ODDS + (i << 2));
    const id = load<u32>(IDS + (i << 2));
    let jump = load<u32>(JUMPS + (<usize>(value & 0xffff) << 2));
    value = (value >> 16) * power3(jump >> 26) + (jump & 0x3ffffff);
    odds += jump >> 26;
    if (twice) {
      jump = load<u32>(JUMPS + (<usize>(value & 0xffff) << 2));
      value = (value >> 16) * power3(jump >> 26) + (jump & 0x3ffffff);
      odds += jump >> 26;
    }
    sum += value;
    store<u64>(VALUES + (kept << 3), value);
    store<u32>(ODDS + (kept << 2), odds);
    store<u32>(IDS + (kept << 2), id);
    kept += <usize>(<i32>odds > limit);
  }
  siftSum = sum;
  return <i32>kept;
}

/** Lists a number that the sift left, with T^D(n) in full. */
function addWalk(id: u32, power: u64): void {
  const leaf = LEAVES + <usize>(id >> 6) * LEAF_BYTES;
  const lane = <u64>(id & 63);
  const m = (load<u64>(leaf) & M_MASK) + lane * power;
  const low = baseLow + m;
  const walker = WALKERS + walkers * WALKER_BYTES;
  store<u64>(walker, low);
  store<u64>(walker, baseHigh + u64(low < m), 8);
  store<u32>(walker, load<u32>(leaf, 8) + (<u32>lane << depth), 16);
  store<u32>(walker, 0, 20);
  walkers++;
}

/** Exact walks of all listed numbers side by side, 16 steps a round, each until below its start. */
function walkAll(): void {
  walks += <u32>walkers;
  for (let round = 0; walkers > 0; round++) {
    if (round == jumpsMax) return giveUp();
    jumps += <u32>walkers;
    walkers = walkRound(walkers);
  }
}

/** One jump for each walker, keeping without a branch those that are not below their start. */
function walkRound(count: usize): usize {
  let kept = WALKERS;
  const end = WALKERS + count * WALKER_BYTES;
  for (let walker = WALKERS; walker < end; walker += WALKER_BYTES) {
    let low = load<u64>(walker);
    let high = load<u64>(walker, 8);
    const offset = load<u32>(walker, 16);
    const residue = <usize>(low & 0xffff);
    const bits = max(load<i32>(walker, 20), width(low, high) + load<u8>(GROWTH + residue));
    const jump = load<u32>(JUMPS + (residue << 2));
    const factor = power3(jump >> 26);
    const part0 = ((low >> 16) & 0xffffffff) * factor + (jump & 0x3ffffff);
    const part1 = ((low >> 48) | ((high & 0xffff) << 16)) * factor + (part0 >> 32);
    low = (part1 << 32) | (part0 & 0xffffffff);
    high = (high >> 16) * factor + (part1 >> 32);
    const nLow = startLow + offset; // no carry: the start is a multiple of the sub-unit's size
    const below = u64(high < startHigh) | (u64(high == startHigh) & u64(low < nLow));
    store<u64>(kept, low);
    store<u64>(kept, high, 8);
    store<u32>(kept, offset, 16);
    store<i32>(kept, bits, 20);
    walkSum += low & (0 - below);
    if (high >= WALK_HIGH_LIMIT) addSuspect(offset);
    else kept += WALKER_BYTES & (<usize>below - 1);
    if (below & u64(bits >= peakBits)) findPeak(nLow, offset);
  }
  return (kept - WALKERS) / WALKER_BYTES;
}

function giveUp(): void {
  for (let i: usize = 0; i < walkers; i++) addSuspect(load<u32>(WALKERS + i * WALKER_BYTES, 16));
  walkers = 0;
}

// @ts-ignore: decorator
@inline
function width(low: u64, high: u64): i32 {
  return high ? 128 - <i32>clz(high) : 64 - <i32>clz(low);
}

/** Steps one by one for the exact maximum from T^D(n) on; of equal ones the smallest number's, whatever the order. */
function findPeak(nLow: u64, offset: u32): void {
  let low = nLow;
  let high = startHigh;
  for (let k = 0; k < depth || high > startHigh || (high == startHigh && low >= nLow); k++) {
    const isHigher = high > peakHigh || (high == peakHigh && low > peakLow);
    if (k >= depth && (isHigher || (high == peakHigh && low == peakLow && offset < peakOffset))) {
      peakLow = low;
      peakHigh = high;
      peakOffset = offset;
    }
    const halfLow = (low >> 1) | (high << 63);
    const halfHigh = high >> 1;
    if (low & 1) {
      const sum = low + halfLow;
      const next = sum + 1;
      high += halfHigh + u64(sum < low) + u64(next == 0);
      low = next;
    } else {
      low = halfLow;
      high = halfHigh;
    }
  }
  peakBits = width(peakLow, peakHigh);
}

function addSuspect(offset: u32): void {
  if (suspects == SUSPECTS_MAX) unreachable();
  store<u32>(<usize>SUSPECTS + (<usize>suspects << 2), offset);
  suspects++;
  walkSum += offset;
}

function writeResult(): void {
  store<u64>(RESULT, siftSum);
  store<u64>(RESULT, walkSum, 8);
  store<u64>(RESULT, peakLow, 16);
  store<u64>(RESULT, peakHigh, 24);
  store<u64>(RESULT, peakOffset, 32);
  store<u32>(RESULT, candidates, 40);
  store<u32>(RESULT, after32, 44);
  store<u32>(RESULT, after48, 48);
  store<u32>(RESULT, walks, 52);
  store<u32>(RESULT, jumps, 56);
  store<u32>(RESULT, suspects, 60);
}
