// Seeded generator for simulations and generated tests: same seed, same numbers on every engine. Never for keys or draws.

/** A stream of 32-bit numbers with the few ways of using it that schedules need. */
export type Prng = {
  /** The next number, 0 … 2^32 − 1. */
  next(): number;
  /** A number in 0 … `end` − 1, each equally likely. `end` is 1 … 2^32. */
  below(end: number): number;
  /** A number in `least` … `most`, both included. */
  between(least: number, most: number): number;
  /** True `of1024` times out of 1,024. */
  chance(of1024: number): boolean;
  /** One of `items`, which must not be empty. */
  pick<T>(items: readonly T[]): T;
};

/**
 * sfc32 (C. Doty-Humphrey, PractRand): 128 bits of state, 32-bit whole-number arithmetic only, no floats that could
 * differ between engines.
 *
 * @param seed whole number, 0 … 2^53 − 1
 * @param stream separates independent uses of one seed
 */
export function createPrng(seed: number, stream = 0): Prng {
  const s = Int32Array.of(seed, Math.floor(seed / 2 ** 32), stream, 1);
  const next = (): number => sfc32(s);
  // The author's rule: fifteen rounds until the state no longer shows the seed.
  for (let i = 0; i < 15; i++) next();
  const below = (end: number): number => {
    const fair = 2 ** 32 - (2 ** 32 % end);
    let drawn = next();
    while (drawn >= fair) drawn = next();
    return drawn % end;
  };
  return {
    next,
    below,
    between: (least, most) => least + below(most - least + 1),
    chance: (of1024) => (next() & 1023) < of1024,
    pick: (items) => items[below(items.length)] as (typeof items)[number],
  };
}

function sfc32(s: Int32Array): number {
  const b = s[1] as number;
  const c = s[2] as number;
  const out = ((s[0] as number) + b + (s[3] as number)) | 0;
  s[0] = b ^ (b >>> 9);
  s[1] = c + (c << 3);
  s[2] = ((c << 21) | (c >>> 11)) + out;
  s[3] = (s[3] as number) + 1;
  return out >>> 0;
}
