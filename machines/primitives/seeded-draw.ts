// Drawing lots that anyone can repeat: a seed's words and a SHA-256 stream, rejection sampling, Fisher–Yates over an ordered list.
import { readU32, writeFixed, writeU32 } from './bytes.ts';

/** SHA-256, handed in: node:crypto in production, a pure twin elsewhere. */
export type Sha256 = (data: Uint8Array) => Uint8Array<ArrayBuffer>;

const WORDS = 2 ** 32;

const HASH_BYTES = 32;
/** What a block of words is the hash of; one buffer for all draws. */
const input = new Uint8Array(HASH_BYTES + 4);

/** 32-bit big-endian words without end: those of `seed`, 32 random bytes, then those of SHA-256(seed | counter u32 from 0). */
function words(seed: Uint8Array, sha256: Sha256): () => number {
  let block = seed;
  let next = 0;
  let count = 0;
  return () => {
    if (next === HASH_BYTES) {
      writeFixed(input, 0, seed, HASH_BYTES);
      writeU32(input, HASH_BYTES, count++);
      block = sha256(input);
      next = 0;
    }
    next += 4;
    return readU32(block, next - 4);
  };
}

/** Whole numbers in 0 … `end` − 1, each equally likely: words at or above the largest multiple of `end` are skipped. */
function below(word: () => number, end: number): number {
  const fair = WORDS - (WORDS % end);
  let drawn = word();
  while (drawn >= fair) drawn = word();
  return drawn % end;
}

/**
 * The indices 0 … `size` − 1 in the random order that `seed` gives (Fisher–Yates from the front, Knuth's algorithm P),
 * one at a time: who takes a few pays for a few, whatever the size.
 *
 * @param seed 32 random bytes, of this draw alone: its own words are the first
 * @param size 0 … 2^32
 */
export function* seededOrder(seed: Uint8Array, size: number, sha256: Sha256): Generator<number, void, undefined> {
  const word = words(seed, sha256);
  const moved = new Map<number, number>();
  for (let i = 0; i < size; i++) {
    const j = i + below(word, size - i);
    yield moved.get(j) ?? j;
    moved.set(j, moved.get(i) ?? i);
  }
}
