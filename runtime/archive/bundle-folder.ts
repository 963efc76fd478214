// Writes a folder as a whole or not at all: temporary folder, every file synced, one rename.
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
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

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A rename or a new name is durable only after its folder is synced. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
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
