// Tells a store that remembers everything its key ever signed from one that was wiped or taken from a backup: a note beside the key
// names the store, counts its starts, and knows the file that it is written in.
import { randomUUID } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { forgetOp } from '../consensus/signer.ts';
import type { Store } from '../store/store.ts';

const ROW = 'node/store-id';

/** What store and note both say of the store's last start. */
type Claim = { readonly id: string; readonly starts: number };
/** A store that has forgotten says so in all later starts: it was never new. */
type StoreClaim = Claim & { readonly has_forgotten: boolean };

/** The note beside a key. */
export type KeyNote = {
  /** What it says; undefined where there is none, 'foreign' where the note itself was copied to another place. */
  read(): Promise<Claim | 'foreign' | undefined>;
  write(claim: Claim): Promise<void>;
};

/**
 * True: this is the store that the key has always used, or its first. False: the key has spoken from another store, or from a later
 * state of this one; what this one says of the signer is struck out, so that the validator observes first.
 *
 * A backup is known by its starts, which are fewer than the note counts: it must have been taken while the node was down.
 */
export async function claimStore(store: Store, note: KeyNote): Promise<boolean> {
  const row = await store.get(ROW);
  const last = row === undefined ? undefined : parse(Buffer.from(row).toString());
  const noted = await note.read();
  const isLatest = noted === undefined || (noted !== 'foreign' && noted.id === last?.id && noted.starts <= last.starts);
  const has_forgotten = !isLatest || last?.has_forgotten === true;
  const { id, starts } = { id: last?.id ?? randomUUID(), starts: (last?.starts ?? 0) + 1 };
  // The store first: a crash before the note leaves one that is ahead of it, which proves nothing bad.
  await store.batch([rowOp({ id, starts, has_forgotten }), ...(isLatest ? [] : [forgetOp()])]);
  await note.write({ id, starts });
  return !has_forgotten;
}

const rowOp = ({ id, starts, has_forgotten }: StoreClaim) =>
  ({ type: 'put', key: ROW, value: Buffer.from(`${id} ${starts}${has_forgotten ? ' forgotten' : ''}`) }) as const;

function parse(text: string): StoreClaim {
  const [id = '', starts = '', forgotten] = text.split(' ');
  return { id, starts: Number(starts), has_forgotten: forgotten !== undefined };
}

/** The note as a file beside the key's: `<id> <starts> <inode>.<birth>`. Copied or restored, it lies in another file. */
export function noteBeside(keyPath: string): KeyNote {
  const path = `${keyPath}.store`;
  return {
    async read() {
      const text = await readFile(path, 'utf8').catch(ignoreMissing);
      if (text === undefined) return undefined;
      const [id = '', starts = '', place] = text.split(' ');
      return place === (await placeOf(path)) ? { id, starts: Number(starts) } : 'foreign';
    },
    async write({ id, starts }) {
      // It has to exist before it has a place.
      await writeFile(path, '', { mode: 0o600, flag: 'a' });
      await writeFile(path, `${id} ${starts} ${await placeOf(path)}`, { flush: true });
    },
  };
}

async function placeOf(path: string): Promise<string> {
  const { ino, birthtimeNs } = await stat(path, { bigint: true });
  return `${ino}.${birthtimeNs}`;
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined;
  throw error;
}
