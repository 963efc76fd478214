// The worker's commitment: it binds the result to unit, attempt and worker, so that copying one is useless (work rules, 1).
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { writeFixed, writeU32 } from '../primitives/bytes.ts';
import type { Sha256 } from '../primitives/seeded-draw.ts';
import { idBytes, PLACE_BYTES, writePlace } from './units.ts';

/** What is committed to: everything that the reveal shows, but for suspects, which are never punished. */
export type Committed = {
  readonly unit: string;
  readonly attempt: number;
  readonly root: Uint8Array;
  readonly output_hash: Uint8Array;
  readonly fuel: number;
  readonly salt: Uint8Array;
};

const TAG = utf8ToBytes('commit/v1');
/** What a commitment is the hash of, and where its parts begin; one buffer for all. */
const PLACE_AT = TAG.length;
const WORKER_AT = PLACE_AT + PLACE_BYTES;
const ROOT_AT = WORKER_AT + 32;
const OUTPUT_AT = ROOT_AT + 32;
const FUEL_AT = OUTPUT_AT + 32;
const SALT_AT = FUEL_AT + 8;
const input = new Uint8Array(SALT_AT + 16);
input.set(TAG);

/**
 * SHA-256("commit/v1" | job 16 | index u32 | attempt u32 | worker 32 | root 32 | output hash 32 | fuel u64 | salt 16),
 * numbers big-endian.
 *
 * @param worker id of the worker, hex
 */
export function commitment(
  worker: string,
  { unit, attempt, root, output_hash, fuel, salt }: Committed,
  sha256: Sha256,
): Uint8Array {
  writePlace(input, PLACE_AT, unit, attempt);
  writeFixed(input, WORKER_AT, idBytes(worker), 32);
  writeFixed(input, ROOT_AT, root, 32);
  writeFixed(input, OUTPUT_AT, output_hash, 32);
  writeU32(input, FUEL_AT, Math.floor(fuel / 2 ** 32));
  writeU32(input, FUEL_AT + 4, fuel % 2 ** 32);
  writeFixed(input, SALT_AT, salt, 16);
  return sha256(input);
}
