// The state of the consensus bench's application: a hash over all that was executed.
import { createHash } from 'node:crypto';

/** State root after these transactions, hex. */
export function nextRoot(root: string, txs: readonly Uint8Array[]): string {
  const hash = createHash('sha256').update(root);
  for (const tx of txs) hash.update(tx);
  return hash.digest('hex');
}
