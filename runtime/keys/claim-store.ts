// Tells a store that remembers everything its key ever signed from one that was wiped: a note beside the key names the store.
import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import type { Store } from '../store/store.ts';

const ROW = 'node/store-id';

/** True: this is the store that the key has always used (or its first). False: the key has spoken, but from another store. */
export async function claimStore(store: Store, keyPath: string): Promise<boolean> {
  const note = `${keyPath}.store`;
  const row = await store.get(ROW);
  const id = row === undefined ? randomUUID() : Buffer.from(row).toString();
  // The store first: a crash before the note leaves a key that has not spoken yet, and the next start completes it.
  if (row === undefined) await store.batch([{ type: 'put', key: ROW, value: Buffer.from(id) }]);
  const noted = await readFile(note, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (noted === undefined) await writeFile(note, id, { mode: 0o600, flush: true });
  return noted === undefined || noted === id;
}
