// The log of a height must be gone once the height is final: what is kept grows with the chain, and the log may not.

/**
 * Rows that should have gone.
 *
 * @param keys keys of a validator's disk
 * @param height last final height there
 */
export function staleLogRows(keys: Iterable<string>, height: number): readonly string[] {
  const stale: string[] = [];
  for (const key of keys) {
    if (key.startsWith(LOG) && Number(key.slice(LOG.length, key.lastIndexOf('/'))) <= height) stale.push(key);
  }
  return stale;
}

/** Where runtime/consensus/log.ts keeps the inputs of the open height: `cs/log/<height>/<number>`. */
const LOG = 'cs/log/';
