// The worker's commitment: it binds the result to unit, attempt and worker, so that copying one is useless (work rules, 1).
import { concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import type { z } from 'zod';
import type { Reveal } from '#schemas/settlement/transaction.ts';
import type { Sha256 } from '../primitives/seeded-draw.ts';

/** What is committed to: everything that the reveal shows, but for suspects, which are never punished. */
export type Committed = Pick<z.infer<typeof Reveal>, 'unit' | 'attempt' | 'root' | 'output_hash' | 'fuel' | 'salt'>;

const TAG = utf8ToBytes('commit/v1');

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
  const [job = '', index = ''] = unit.split('/');
  const numbers = new DataView(new ArrayBuffer(16));
  numbers.setUint32(0, Number(index));
  numbers.setUint32(4, attempt);
  numbers.setBigUint64(8, BigInt(fuel));
  const bytes = new Uint8Array(numbers.buffer);
  const place = bytes.subarray(0, 8);
  return sha256(
    concatBytes(TAG, hexToBytes(job), place, hexToBytes(worker), root, output_hash, bytes.subarray(8), salt),
  );
}
