// Writes a folder as a whole or not at all: temporary folder, every file synced, one rename.
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder, writeSynced } from '../store/durable-file.ts';
import { ArchiveError } from './archive-error.ts';

/**
 * Write `files` as the folder `name` in `parent`. A folder that is there is complete, since it got its name last:
 * then nothing is done. A half-written one of an earlier try is thrown away.
 *
 * @throws ArchiveError ARCHIVE_WRITE_FAILED
 */
export async function writeFolder(
  parent: string,
  name: string,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<string> {
  const folder = join(parent, name);
  const partial = join(parent, `.${name}.partial`);
  try {
    if (await isThere(folder)) return folder;
    await rm(partial, { recursive: true, force: true });
    await mkdir(partial, { recursive: true });
    for (const [file, bytes] of files) await writeSynced(join(partial, file), bytes);
    await syncFolder(partial);
    await rename(partial, folder);
    await syncFolder(parent);
    return folder;
  } catch (cause) {
    throw new ArchiveError('ARCHIVE_WRITE_FAILED', { folder }, { cause });
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await (await open(path, 'r')).close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
