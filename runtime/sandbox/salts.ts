// Salts of commitments: the system is asked for random bytes many at a time, for each question costs more than a hash.
import { randomBytes } from 'node:crypto';

/** Length of a salt. */
const SALT_BYTES = 16;
const SALTS_AT_ONCE = 256;

/** Gives another SALT_BYTES of the system's randomness at each call. */
export function createSalts(): () => Uint8Array {
  let stock = new Uint8Array(0);
  return () => {
    if (stock.length === 0) stock = new Uint8Array(randomBytes(SALT_BYTES * SALTS_AT_ONCE));
    const salt = stock.slice(0, SALT_BYTES);
    stock = stock.subarray(SALT_BYTES);
    return salt;
  };
}
